package io.trainyard.contract.unified;

import io.javalin.http.HandlerType;
import io.trainyard.wire.RawPath;
import java.util.stream.Stream;

/** What a method and a path below the prefix ask for. Names have no slashes, so a further step is part of the route. */
sealed interface Route {
    record None() implements Route {}

    record Submit() implements Route {}

    record All() implements Route {}

    record Show(String name) implements Route {}

    record Cancel(String name) implements Route {}

    record Output(String name) implements Route {}

    private static String root() {
        return "/train";
    }

    static boolean isKnown(String path) {
        return path.equals(root()) || path.startsWith(root() + "/");
    }

    static HandlerType[] methods(String path) {
        return Stream.of(HandlerType.GET, HandlerType.POST)
                .filter(method -> !(of(method, path) instanceof None))
                .toArray(HandlerType[]::new);
    }

    static Route of(HandlerType method, String path) {
        if (!isKnown(path)) return new None();
        boolean get = method.equals(HandlerType.GET);
        boolean post = method.equals(HandlerType.POST);
        String rest = path.substring(root().length());
        if (rest.isEmpty() || rest.equals("/")) return post ? new Submit() : get ? new All() : new None();
        int slash = rest.indexOf('/', 1);
        String name = RawPath.decode(slash < 0 ? rest.substring(1) : rest.substring(1, slash));
        return switch (slash < 0 ? "" : rest.substring(slash)) {
            case "", "/" -> get ? new Show(name) : new None();
            case "/cancel" -> post ? new Cancel(name) : new None();
            case "/logs" -> get ? new Output(name) : new None();
            // No name has a slash: a longer path is nobody's.
            default -> get ? new Show(RawPath.decode(rest.substring(1))) : new None();
        };
    }
}
