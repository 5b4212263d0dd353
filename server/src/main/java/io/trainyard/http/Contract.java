package io.trainyard.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.List;

/** What one wire contract offers the server. */
public interface Contract {
    /** Path prefixes whose refusals are in this contract's shape, such as {@code /nemo}; the longest match wins. */
    List<String> prefixes();

    /** Adds the contract's routes. Paths are matched as they came, percent-encoded. */
    void mount(RoutesConfig routes);

    /** Answers a refusal in the contract's own error shape. */
    void refuse(Context context, int status, String message);
}
