/** How things look on a terminal or in a pipe: colours, tables, bars and sparklines; knows no jobs. */
@NullMarked
package io.trainyard.cli.screen;

import org.jspecify.annotations.NullMarked;
