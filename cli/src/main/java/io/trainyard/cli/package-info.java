/** Starts the command line: which words make which command, and which exit code ends it. */
@NullMarked
package io.trainyard.cli;

import org.jspecify.annotations.NullMarked;
