package io.trainyard.webhook;

import java.net.IDN;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A receiver's URL, taken apart once: what was judged is what is connected to. Forms that two programs may read
 * differently are refused, none of them has a use here.
 *
 * @param host in lower case and ASCII, without a trailing dot; an IPv6 address in brackets
 * @param path with the query, without the fragment
 */
record Target(boolean encrypted, String host, int port, String path) {
    private static final int MAX_URL_CHARACTERS = 2083;
    private static final int MAX_HOST_CHARACTERS = 253;
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern OCTET = Pattern.compile("0|[1-9][0-9]{0,2}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");

    /** Not an address to tell anything to; the message says why and what would be. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1;

        Unusable(String message) {
            super(message, null, false, false);
        }

        String why() {
            return String.valueOf(getMessage());
        }
    }

    static Target of(String url) throws Unusable {
        if (url.length() > MAX_URL_CHARACTERS)
            throw new Unusable("at most " + MAX_URL_CHARACTERS + " characters are wanted");
        if (url.chars().anyMatch(c -> c <= ' ' || (c >= 0x7F && c <= 0xA0) || c == '\\'))
            throw new Unusable("blanks, control characters and backslashes are not taken");
        int colon = url.indexOf("://");
        String scheme = colon < 0 ? "" : url.substring(0, colon).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) throw new Unusable("an http or https address is wanted");
        int start = colon + 3;
        int end = start;
        while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) end++;
        boolean encrypted = scheme.equals("https");
        return of(encrypted, url.substring(start, end), url.substring(end));
    }

    private static Target of(boolean encrypted, String authority, String rest) throws Unusable {
        if (authority.indexOf('@') >= 0)
            throw new Unusable("user and password in the address are not taken: send them in the authorization header");
        if (authority.indexOf('%') >= 0) throw new Unusable("a percent sign in the host is not taken");
        int bracket = authority.lastIndexOf(']');
        int colon = authority.indexOf(':', Math.max(0, bracket));
        String name = colon < 0 ? authority : authority.substring(0, colon);
        int port = colon < 0 ? 0 : port(authority.substring(colon + 1));
        String host = name.startsWith("[") ? sixthVersion(name) : host(name);
        return new Target(encrypted, host, port > 0 ? port : encrypted ? 443 : 80, path(rest));
    }

    /** @return 0 for the standard one */
    private static int port(String text) throws Unusable {
        if (text.isEmpty()) return 0;
        int port = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535) throw new Unusable("a port from 1 to 65535 is wanted");
        return port;
    }

    private static String sixthVersion(String name) throws Unusable {
        try {
            if (!name.endsWith("]")) throw new IllegalArgumentException(name);
            return "["
                    + java.net.Inet6Address.ofLiteral(name.substring(1, name.length() - 1))
                            .getHostAddress() + "]";
        } catch (IllegalArgumentException notAnAddress) {
            throw new Unusable("no IPv6 address stands in the brackets");
        }
    }

    private static String host(String name) throws Unusable {
        String host = ascii(name).toLowerCase(Locale.ROOT);
        if (host.endsWith(".")) host = host.substring(0, host.length() - 1);
        if (host.isEmpty() || host.length() > MAX_HOST_CHARACTERS) throw new Unusable("a host is wanted");
        String[] labels = host.split("\\.", -1);
        for (String label : labels)
            if (!LABEL.matcher(label).matches())
                throw new Unusable("this is no host, which has letters, digits and hyphens only: " + shown(host));
        if (NUMBER.matcher(labels[labels.length - 1]).matches()) fourNumbers(labels);
        return host;
    }

    /** Letters outside of ASCII become what the resolver will see; full-width digits become digits. */
    private static String ascii(String name) throws Unusable {
        try {
            return IDN.toASCII(name);
        } catch (IllegalArgumentException notAName) {
            throw new Unusable("this is no host: " + shown(name));
        }
    }

    /** An address of two numbers, in octal or in hexadecimal is read in as many ways as there are programs. */
    private static void fourNumbers(String[] labels) throws Unusable {
        boolean plain = labels.length == 4;
        for (String label : labels) plain &= OCTET.matcher(label).matches() && Integer.parseInt(label) < 256;
        if (!plain) throw new Unusable("write the address as four decimal numbers, as in 192.0.2.1");
    }

    private static String path(String rest) throws Unusable {
        int fragment = rest.indexOf('#');
        String path = fragment < 0 ? rest : rest.substring(0, fragment);
        if (!path.startsWith("/")) path = "/" + path;
        try {
            return new URI(path).toASCIIString();
        } catch (URISyntaxException malformed) {
            throw new Unusable("the path is not that of a URL: " + malformed.getReason());
        }
    }

    private static String shown(String text) {
        return text.length() > 80 ? text.substring(0, 80) + "…" : text;
    }

    /** The address, where the host is one. */
    Optional<InetAddress> address() {
        if (host.startsWith("[")) return Optional.of(InetAddress.ofLiteral(host.substring(1, host.length() - 1)));
        boolean numbers =
                NUMBER.matcher(host.substring(host.lastIndexOf('.') + 1)).matches();
        return numbers ? Optional.of(InetAddress.ofLiteral(host)) : Optional.empty();
    }

    /** Whom slots are counted for. */
    String origin() {
        return (encrypted ? "https://" : "http://") + host + ":" + port;
    }

    String url() {
        return origin() + path;
    }
}
