/**
 * Parents that have imported what training jobs import, one a Python environment: a job forked from one starts in a
 * tenth of the time.
 *
 * <pre>
 *   server ── a request a line ──▶ parent ── forks ──▶ supervisor (own session, the files of a shim) ── forks ──▶ job
 *          ◀── ready, forked, ended ──┘
 * </pre>
 *
 * A parent is asked and answers by a pair of pipes that nobody else has: no other process can make a request, and the
 * end of the server, however it comes, is the end of its input, at which it leaves. What it has forked lives on. A
 * parent is never needed: where there is none, or it does not answer soon, the attempt is started the other way.
 */
@Room(mayUse = {})
@NullMarked
package io.trainyard.backend.warm;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
