/**
 * Attempts as processes (or a torchrun gang) on this machine that live on when the server ends.
 *
 * <p>Everything known about an attempt lies in its folder, {@code <home>/jobs/<job>/<attempt>/}, and in {@code /proc};
 * the backend object remembers nothing that matters. A shell shim ({@code shim.sh}) starts the program and writes down
 * how it ended:
 *
 * <pre>
 *   server ── spawns ──▶ shim (own session) ──▶ program ──▶ its children
 *     │                    │ started   created exclusively: an attempt starts at most once; says which process the shim is
 *     │                    │ exit      status and uptime, synced and renamed, once the program has ended
 *     ├ before: run.json, stdout, stderr, token, work/
 *     └ at a stop: stopping (uptime at which it is killed), told (SIGTERM was sent), or started ("never"), so that the
 *       shim cannot start
 * </pre>
 *
 * Where warm trainers are asked for, a parent forks a supervisor in the shim's place: the same files, the same tree.
 *
 * <p>No {@code started}: missing. {@code exit}: ended. Neither the shim (process id and start ticks) nor {@code exit}:
 * the supervisor was lost, and what it left is killed before that is said. Processes are found by a mark in their
 * environment, and while the shim lives also by its session and by descent; see
 * {@code docs/decisions/0003-local-supervision.md} for what escapes.
 */
@Room(mayUse = {"spec", "job", "backend", "backend.trainer", "backend.warm"})
@NullMarked
package io.trainyard.backend.local;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
