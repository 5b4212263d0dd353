/** The command that submits a job: its body from a file, its options laid over it, its two kinds of request. */
@NullMarked
package io.trainyard.cli.submit;

import org.jspecify.annotations.NullMarked;
