package io.trainyard.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Reads request bodies, never more than a limit. */
public final class Body {
    /**
     * So much of a body that is refused is still read and dropped: closing on a client that is still sending resets the
     * connection, and the refusal is lost with it.
     */
    private static final int MAX_DROPPED_BYTES = 16 * 1024 * 1024;

    /** A client that sends nothing for this many looks is not waited for. */
    private static final int MAX_IDLE_LOOKS = 50;

    private static final Duration LOOK_EVERY = Duration.ofMillis(5);

    private Body() {}

    /** @throws Refusal 413 beyond the limit, of which nothing is kept */
    public static byte[] read(Context context, int maxBytes) {
        try {
            InputStream in = context.req().getInputStream();
            long length = context.req().getContentLengthLong();
            if (length > maxBytes) throw tooLarge(in, maxBytes);
            if (length >= 0) return in.readNBytes((int) length);
            byte[] bytes = in.readNBytes(maxBytes + 1);
            if (bytes.length > maxBytes) throw tooLarge(in, maxBytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Refusal tooLarge(InputStream in, int maxBytes) throws IOException {
        byte[] dropped = new byte[64 * 1024];
        int total = 0;
        int idle = 0;
        while (total < MAX_DROPPED_BYTES && idle < MAX_IDLE_LOOKS) {
            int there = in.available();
            int read = there == 0 ? 0 : in.read(dropped, 0, Math.min(there, dropped.length));
            if (read < 0) break;
            idle = read == 0 ? idle + 1 : 0;
            if (read == 0) pause();
            total += read;
        }
        return new Refusal(413, "the body is larger than " + maxBytes + " bytes");
    }

    private static void pause() {
        try {
            Thread.sleep(LOOK_EVERY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
