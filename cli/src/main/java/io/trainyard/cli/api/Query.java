package io.trainyard.cli.api;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Optional;

/** A path with its query, escaped. */
public record Query(String text) {
    public static Query path(String first, String... segments) {
        var path = new StringBuilder(first);
        for (String segment : segments) path.append('/').append(escaped(segment));
        return new Query(path.toString());
    }

    public Query with(String name, String value) {
        return new Query(text + (text.indexOf('?') < 0 ? '?' : '&') + name + '=' + escaped(value));
    }

    public Query with(String name, Optional<String> value) {
        return value.map(given -> with(name, given)).orElse(this);
    }

    public Query with(String name, Collection<String> values) {
        Query query = this;
        for (String value : values) query = query.with(name, value);
        return query;
    }

    private static String escaped(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
