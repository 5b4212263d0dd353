/** Follows one job live until it ends: what happened as lines above, how far it is as one line below. */
@NullMarked
package io.trainyard.cli.follow;

import org.jspecify.annotations.NullMarked;
