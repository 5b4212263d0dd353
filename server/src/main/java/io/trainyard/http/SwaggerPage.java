package io.trainyard.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The page that shows an OpenAPI document; its scripts come from this server too. */
public final class SwaggerPage {
    private static final String RELEASE = "META-INF/maven/org.webjars/swagger-ui/pom.properties";
    private static final String VERSION = version();

    private SwaggerPage() {}

    private static String version() {
        try (var in = SwaggerPage.class.getClassLoader().getResourceAsStream(RELEASE)) {
            if (in == null) throw new IllegalStateException("swagger-ui is not on the class path");
            var properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param document path of the document */
    public static void write(Context context, String title, String document) {
        context.html("""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>%1$s</title>
            <link rel="stylesheet" href="/webjars/swagger-ui/%3$s/swagger-ui.css"></head>
            <body><div id="swagger-ui"></div>
            <script src="/webjars/swagger-ui/%3$s/swagger-ui-bundle.js"></script>
            <script>SwaggerUIBundle({url: "%2$s", dom_id: "#swagger-ui"})</script>
            </body></html>
            """.formatted(title, document, VERSION));
    }
}
