package io.trainyard;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.trainyard.http.Contract;
import io.trainyard.http.Refusal;
import io.trainyard.http.Unreadable;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.http.UriCompliance;

/** Javalin as this server wants it: virtual threads, paths as they came, refusals in the shape of the path's contract. */
final class WebServer {
    private static final System.Logger LOG = System.getLogger(WebServer.class.getName());

    private final Configuration configuration;
    private final List<Contract> contracts;

    WebServer(Configuration configuration, List<Contract> contracts) {
        this.configuration = configuration;
        this.contracts = contracts;
    }

    /** @param first adds the routes that come before those of the contracts */
    Javalin create(Consumer<RoutesConfig> first) {
        return Javalin.create(config -> {
            settings(config);
            first.accept(config.routes);
            contracts.forEach(contract -> contract.mount(config.routes));
            refusals(config);
        });
    }

    private void settings(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.startupWatcherEnabled = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = true;
        config.http.prefer405over404 = true;
        config.http.compressionStrategy = CompressionStrategy.NONE;
        config.staticFiles.enableWebjars();
        config.jetty.host = configuration.host();
        config.jetty.port = configuration.port();
        // Client ids hold anything, slashes and dots included: paths are matched as they came.
        config.jetty.modifyHttpConfiguration(jetty -> {
            jetty.setUriCompliance(UriCompliance.UNSAFE);
            jetty.setSendServerVersion(false);
        });
        config.jetty.modifyServer(server -> server.setErrorHandler(new Unreadable()));
        config.jetty.modifyServletContextHandler(
                handler -> handler.getServletHandler().setDecodeAmbiguousURIs(true));
    }

    private void refusals(JavalinConfig config) {
        config.routes.exception(
                Refusal.class,
                (refusal, context) -> shape(context).refuse(context, refusal.status(), refusal.message()));
        config.routes.exception(HttpResponseException.class, (refusal, context) -> {
            String methods = refusal.getDetails().get("availableMethods");
            if (methods != null) context.header("Allow", methods);
            shape(context).refuse(context, refusal.getStatus(), String.valueOf(refusal.getMessage()));
        });
        config.routes.exception(Exception.class, (trouble, context) -> {
            LOG.log(System.Logger.Level.ERROR, context.method() + " " + context.path() + " failed", trouble);
            shape(context).refuse(context, 500, "Internal Server Error");
        });
    }

    private Contract shape(Context context) {
        Contract best = contracts.getFirst();
        int length = -1;
        for (Contract contract : contracts)
            for (String prefix : contract.prefixes())
                if (context.path().startsWith(prefix) && prefix.length() > length) {
                    best = contract;
                    length = prefix.length();
                }
        return best;
    }
}
