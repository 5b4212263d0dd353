package io.trainyard.access;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages of others from using the server through the browser of somebody who may reach it: a foreign
 * {@code Origin} is refused always, an unknown {@code Host} (DNS rebinding) where no token protects the server.
 */
public final class Door {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
    private final Tokens tokens;
    private final Set<String> hosts = new HashSet<>(LOOPBACK);

    public Door(Tokens tokens, List<String> allowedHosts) {
        this.tokens = tokens;
        for (String host : allowedHosts) hosts.add(host.toLowerCase(Locale.ROOT));
    }

    public void mount(RoutesConfig routes) {
        routes.before(this::check);
        routes.wsBeforeUpgrade(this::check);
    }

    private void check(Context context) {
        String host = context.header("Host");
        if (!tokens.required() && (host == null || !hosts.contains(name(host))))
            throw new Refusal(421, "Host \"" + host + "\" is not served here; set trainyard.allowed-hosts, or a token");
        String origin = context.header("Origin");
        if (origin != null && !own(origin, host))
            throw new Refusal(403, "requests from the web page \"" + origin + "\" are refused");
    }

    private static boolean own(String origin, @Nullable String host) {
        try {
            return host != null && host.equalsIgnoreCase(new URI(origin).getAuthority());
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static String name(String host) {
        int colon = host.lastIndexOf(':');
        boolean port = colon > 0 && host.indexOf(']') < colon;
        return (port ? host.substring(0, colon) : host).toLowerCase(Locale.ROOT);
    }
}
