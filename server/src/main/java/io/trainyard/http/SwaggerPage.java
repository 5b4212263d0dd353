package io.trainyard.http;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The page that shows an OpenAPI document; its scripts come from this server too. */
public final class SwaggerPage {
    private static final String RELEASE = "META-INF/maven/org.webjars/swagger-ui/pom.properties";
    private static final String VERSION = version();
    /** A page loads from this server only. Styles are made by the viewer as it draws. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String START = """
            SwaggerUIBundle({
              url: document.getElementById("api").dataset.document,
              dom_id: "#api",
              deepLinking: true,
              tryItOutEnabled: true,
              validatorUrl: null,
            });
            """;

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

    /** The script that all of these pages start with. */
    public static void mount(RoutesConfig routes) {
        routes.get(
                "/docs/start.js",
                context -> guarded(context)
                        .contentType("text/javascript;charset=utf-8")
                        .result(START));
    }

    /** @param document path of the document */
    public static void write(Context context, String title, String document) {
        guarded(context).html("""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>%1$s</title>
              <link rel="icon" href="/webjars/swagger-ui/%3$s/favicon-32x32.png">
              <link rel="stylesheet" href="/webjars/swagger-ui/%3$s/swagger-ui.css">
            </head>
            <body>
              <main id="api" data-document="%2$s"></main>
              <noscript>This page needs JavaScript. The document itself is at <a href="%2$s">%2$s</a>.</noscript>
              <script src="/webjars/swagger-ui/%3$s/swagger-ui-bundle.js"></script>
              <script src="/docs/start.js"></script>
            </body>
            </html>
            """.formatted(title, document, VERSION));
    }

    private static Context guarded(Context context) {
        return context.header("Content-Security-Policy", POLICY).header("X-Content-Type-Options", "nosniff");
    }
}
