/** What was asked: one job in our own words, whatever contract it came by; pure values. */
@Room(mayUse = {})
@NullMarked
package io.trainyard.spec;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
