package io.trainyard.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Reads request bodies, never more than a limit. */
public final class Body {
    private Body() {}

    /** @throws Refusal 413 beyond the limit, before more is read */
    public static byte[] read(Context context, int maxBytes) {
        if (context.req().getContentLengthLong() > maxBytes) throw tooLarge(maxBytes);
        try {
            byte[] bytes = context.req().getInputStream().readNBytes(maxBytes + 1);
            if (bytes.length > maxBytes) throw tooLarge(maxBytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Refusal tooLarge(int maxBytes) {
        return new Refusal(413, "the body is larger than " + maxBytes + " bytes");
    }
}
