package io.trainyard.backend;

import java.util.List;

/** The output of one attempt, readable from any position while the backend keeps it. */
public interface LogSource {
    /** One stream of one process; ranks count from 0. */
    record Part(int rank, Stream stream) {}

    enum Stream {
        STDOUT,
        STDERR
    }

    /**
     * @param bytes raw output, cut anywhere, also within a character
     * @param next position to read on from
     */
    record Chunk(byte[] bytes, long next) {}

    List<Part> parts();

    /** What lies behind the position now, at most this many bytes; empty when there is nothing new. */
    Chunk read(Part part, long position, int maxBytes);

    /** All was harvested: the backend may drop it. */
    void release();
}
