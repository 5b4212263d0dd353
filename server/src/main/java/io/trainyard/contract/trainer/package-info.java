/**
 * The trainer contract: three fine-tuning services (nemo, meta, hf-unsloth) that speak the same request.
 *
 * <p>A body goes one way: {@link Request} judges it against the table in {@link Tables} and settles its defaults,
 * {@link Translator} and {@link Specification} turn it into a job, {@link TrainJob} draws the manifest that answers show, {@link Answers} writes
 * the response. More than a dozen files, because judging a body in the words of its first implementation (table,
 * walker, scalars, free parameters) is half of this contract.
 */
@Room(
        mayUse = {
            "spec",
            "job",
            "store",
            "stream",
            "admission",
            "secrets",
            "access",
            "http",
            "webhook",
            "wire",
            "contract.root"
        })
@NullMarked
package io.trainyard.contract.trainer;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
