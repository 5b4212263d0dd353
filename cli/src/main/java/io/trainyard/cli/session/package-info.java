/** What all commands share: the global options, the surroundings of the process and the open connection. */
@NullMarked
package io.trainyard.cli.session;

import org.jspecify.annotations.NullMarked;
