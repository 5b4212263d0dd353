package io.trainyard.contract.trainyard;

import io.javalin.config.RoutesConfig;
import io.trainyard.http.SwaggerPage;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The OpenAPI document of our API, and the page to try it from. Both are for everybody: they hold no data. */
final class ApiPage {
    private ApiPage() {}

    static void mount(RoutesConfig routes) {
        byte[] document = document();
        routes.get(
                "/openapi.json",
                context -> context.contentType("application/json").result(document));
        routes.get("/docs", context -> SwaggerPage.write(context, "Trainyard API", "/openapi.json"));
        SwaggerPage.mount(routes);
    }

    private static byte[] document() {
        try (var in = ApiPage.class.getResourceAsStream("openapi.json")) {
            if (in == null) throw new IllegalStateException("no resource openapi.json");
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
