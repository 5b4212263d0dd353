package io.trainyard.contract.trainyard;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The OpenAPI document of our API, and the page to try it from. Both are for everybody: they hold no data. */
final class ApiPage {
    /** The page loads from this server only. Styles are made by the viewer as it draws. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private ApiPage() {}

    static void mount(RoutesConfig routes) {
        serve(routes, "/openapi.json", "application/json", "openapi.json");
        serve(routes, "/docs", "text/html;charset=utf-8", "docs.html");
        serve(routes, "/docs/start.js", "text/javascript;charset=utf-8", "docs.js");
    }

    private static void serve(RoutesConfig routes, String path, String type, String resource) {
        byte[] bytes = read(resource);
        routes.get(path, context -> answer(context, type, bytes));
    }

    private static void answer(Context context, String type, byte[] bytes) {
        context.header("Content-Security-Policy", POLICY)
                .header("X-Content-Type-Options", "nosniff")
                .contentType(type)
                .result(bytes);
    }

    private static byte[] read(String resource) {
        try (var in = ApiPage.class.getResourceAsStream(resource)) {
            if (in == null) throw new IllegalStateException("no resource " + resource);
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
