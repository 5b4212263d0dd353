/** The commands that look at jobs and act on them, one class each. */
@NullMarked
package io.trainyard.cli.command;

import org.jspecify.annotations.NullMarked;
