/** The container images of the trainer: which there are, and building them by whatever engine this machine has. */
@NullMarked
package io.trainyard.cli.images;

import org.jspecify.annotations.NullMarked;
