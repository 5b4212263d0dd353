package io.trainyard.http;

import io.javalin.http.Context;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Server-sent events, on the request's own virtual thread. */
final class ServerSentEvents implements EventStream {
    private final ServletOutputStream out;

    private ServerSentEvents(ServletOutputStream out) {
        this.out = out;
    }

    static EventStream open(Context context) {
        var response = context.res();
        response.setStatus(200);
        response.setContentType("text/event-stream;charset=utf-8");
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Accel-Buffering", "no");
        try {
            var stream = new ServerSentEvents(response.getOutputStream());
            response.flushBuffer();
            return stream;
        } catch (IOException e) {
            throw new Gone(e);
        }
    }

    @Override
    public void send(String id, String event, String data) {
        write("id: " + id + "\nevent: " + event + "\ndata: " + data + "\n\n");
    }

    @Override
    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new Gone(e);
        }
    }

    @Override
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
