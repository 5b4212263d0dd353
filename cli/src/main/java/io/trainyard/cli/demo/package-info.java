/** The demo: makes a small model, trains it and an adapter through a running server, and compares. */
@NullMarked
package io.trainyard.cli.demo;

import org.jspecify.annotations.NullMarked;
