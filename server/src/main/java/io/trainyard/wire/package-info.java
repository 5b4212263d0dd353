/**
 * Reads JSON bodies by a table of fields, as the first implementations did: what is lossless is coerced, what would lose
 * something is refused, what is unknown is a warning, what is secret is set aside; and says what is wrong in their list
 * shape.
 *
 * <p>The door is {@link Json#read} for the bytes, a {@link Fields.Shape} for the table, {@link Checker#object} for the
 * walk, {@link Details} for the refusals and {@link Schema} for the OpenAPI document.
 */
@Room(mayUse = {"secrets"})
@NullMarked
package io.trainyard.wire;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
