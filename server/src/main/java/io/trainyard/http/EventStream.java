package io.trainyard.http;

import io.javalin.http.Context;

/** Events on their way to one client. Blocking, on a virtual thread of their own. */
public interface EventStream {
    /** The client went away. */
    final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Gone(Throwable cause) {
            super(cause);
        }
    }

    /** @param data one line of text, such as a JSON document without line ends */
    void send(String id, String event, String data);

    /** Sends what was written. */
    void flush();

    /** Keeps proxies from closing a silent stream, and finds out whether the client is still there. */
    void ping();

    /** Whether server-sent events are asked for. */
    static boolean wanted(Context context) {
        String accept = context.header("Accept");
        return accept != null && accept.contains("text/event-stream");
    }

    /** The answer as server-sent events. */
    static EventStream open(Context context) {
        return ServerSentEvents.open(context);
    }
}
