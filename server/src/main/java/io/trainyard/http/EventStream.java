package io.trainyard.http;

import io.javalin.http.Context;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Server-sent events to one client. Blocking, on the request's own virtual thread. */
public final class EventStream {
    private final ServletOutputStream out;

    private EventStream(ServletOutputStream out) {
        this.out = out;
    }

    /** The client went away. */
    public static final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1;

        Gone(IOException cause) {
            super(cause);
        }
    }

    public static boolean wanted(Context context) {
        String accept = context.header("Accept");
        return accept != null && accept.contains("text/event-stream");
    }

    public static EventStream open(Context context) {
        var response = context.res();
        response.setStatus(200);
        response.setContentType("text/event-stream;charset=utf-8");
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Accel-Buffering", "no");
        try {
            var stream = new EventStream(response.getOutputStream());
            response.flushBuffer();
            return stream;
        } catch (IOException e) {
            throw new Gone(e);
        }
    }

    /** @param data one line of text, such as a JSON document without line ends */
    public void send(String id, String event, String data) {
        write("id: " + id + "\nevent: " + event + "\ndata: " + data + "\n\n");
    }

    /** Sends what was written. */
    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new Gone(e);
        }
    }

    /** Keeps proxies from closing a silent stream, and finds out whether the client is still there. */
    public void ping() {
        write(": still here\n\n");
        flush();
    }

    private void write(String text) {
        try {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new Gone(e);
        }
    }
}
