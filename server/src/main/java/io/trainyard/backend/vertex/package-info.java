/**
 * Attempts as Vertex AI custom jobs, over its REST API.
 *
 * <p>Creating there knows neither a name of our choice nor a request id, so an attempt is found by a label. The label is
 * looked for before each create and after an answer that was lost; where an unanswered create may still come about,
 * neither another create nor a stop counts as done until {@link io.trainyard.backend.vertex.CustomJobs#SETTLES_WITHIN}
 * has passed. Should two have come about all the same, the older one is the attempt and the others are cancelled.
 *
 * <pre>
 *   observe ◀── {@code Watch}: one list of all that lives there, every few seconds; what is not on it is read by its name
 *   logs    ◀── {@code Tail}: entries of Cloud Logging, put down in the order they came in, in files below home/vertex
 * </pre>
 *
 * Positions in a log are bytes and entries have none: the files give them some, and the cursor beside them is what a new
 * server reads on from. An end is told some seconds late, when its last entries can be read.
 */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.vertex;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
