package io.trainyard.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;
import java.util.function.BiConsumer;

/** Everything below a prefix for one contract, whatever the method: it refuses in its own shape what it does not know. */
public final class Prefix {
    public static final List<HandlerType> METHODS = List.of(
            HandlerType.GET,
            HandlerType.POST,
            HandlerType.PUT,
            HandlerType.PATCH,
            HandlerType.DELETE,
            HandlerType.HEAD,
            HandlerType.OPTIONS);

    private Prefix() {}

    /** @param serve gets the path below the prefix as it came, percent-encoded */
    public static void mount(RoutesConfig routes, String prefix, BiConsumer<Context, String> serve) {
        for (HandlerType method : METHODS)
            routes.addHttpHandler(
                    method,
                    prefix + "/*",
                    context ->
                            serve.accept(context, context.req().getRequestURI().substring(prefix.length())));
    }
}
