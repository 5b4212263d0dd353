package io.trainyard.contract.root;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.access.Tokens;
import io.trainyard.contract.root.RootOffer.Match;
import io.trainyard.http.Body;
import io.trainyard.http.Contract;
import io.trainyard.http.Prefix;
import io.trainyard.http.Refusal;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.RawPath;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * All contracts at once where no prefix tells them apart: a new job goes by its body, everything else by whose job it is.
 * Pinned to one offer, the root is that contract's alone, as if nothing else were served.
 */
public final class Root implements Contract {
    /** As much as the most generous of the contracts takes; the others judge theirs again. */
    private static final int MAX_BODY_BYTES = 5 << 20;

    private static final List<String> PATHS = List.of("/train", "/train/*", "/jobs", "/jobs/*", "/healthz");
    /** Those that every contract has below its prefix, and only a pinned one at the root. */
    private static final List<String> PAGES = List.of("/docs", "/redoc", "/openapi.json");

    private static final byte[] OK = "{\"status\":\"ok\"}".getBytes(StandardCharsets.UTF_8);

    private final List<RootOffer> offers;
    private final Optional<RootOffer> pinned;
    private final Tokens tokens;

    /**
     * @param offers those asked first win where more than one has a route and none has the job
     * @param pin an offer's prefix without its slash, to serve only that
     */
    public Root(List<RootOffer> offers, Optional<String> pin, Tokens tokens) {
        this.offers = List.copyOf(offers);
        this.tokens = tokens;
        pinned = pin.map(word -> offers.stream()
                .filter(offer -> offer.prefix().equals("/" + word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no contract answers under /" + word)));
    }

    @Override
    public List<String> prefixes() {
        return pinned.isPresent() ? List.of("/") : List.of("/train", "/jobs", "/healthz");
    }

    @Override
    public void mount(RoutesConfig routes) {
        for (HandlerType method : Prefix.METHODS) {
            for (String path : PATHS) routes.addHttpHandler(method, path, this::serve);
        }
        // Those of our own API give way.
        if (pinned.isPresent())
            for (String page : PAGES)
                routes.before(page, context -> {
                    serve(context);
                    context.skipRemainingHandlers();
                });
    }

    @Override
    public void refuse(Context context, int status, String message) {
        if (pinned.isPresent()) {
            pinned.get().refuse(context, status, message);
            return;
        }
        String text = switch (status) {
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            default -> message;
        };
        answer(context, status, Details.text(text));
    }

    private void serve(Context context) {
        String path = context.req().getRequestURI();
        if (pinned.isPresent()) {
            pinned.get().serve(context, path);
            return;
        }
        try {
            boolean submits = path.equals("/train") || path.equals("/train/");
            if (path.equals("/healthz")) health(context);
            else if (submits && context.method().equals(HandlerType.POST)) submit(context);
            else find(context, path);
        } catch (Refusal refusal) {
            refuse(context, refusal.status(), refusal.message());
        }
    }

    private static void health(Context context) {
        if (!context.method().equals(HandlerType.GET)) throw Refusal.ofMethod(context, HandlerType.GET);
        answer(context, 200, OK);
    }

    private void submit(Context context) {
        tokens.require(context);
        byte[] body = Body.read(context, MAX_BODY_BYTES);
        Json.Parsed parsed = RawPath.mayBeJson(context.header("Content-Type"))
                ? Json.read(body)
                : new Json.Parsed.Tree(Json.MAPPER.createArrayNode(), false);
        switch (parsed) {
            case Json.Parsed.Tree tree
            when tree.root().isObject() -> claimant(tree.root()).submit(context, tree, body.length);
            case Json.Parsed.Tree tree ->
                answer(context, 422, Details.problems("body", List.of(noObject(tree.root()))));
            case Json.Parsed.Broken broken -> answer(context, 422, Details.broken(broken));
            case Json.Parsed.Unreadable _ -> throw new Refusal(400, "There was an error parsing the body");
        }
    }

    private Tokens.Verdict verdict(Context context) {
        return tokens.check(context.header(Tokens.HEADER), context.header("Authorization"));
    }

    private static Problem noObject(JsonNode body) {
        return body.isNull()
                ? new Problem(Problem.Path.BODY, "field required", "value_error.missing", null, Map.of())
                : new Problem(Problem.Path.BODY, "value is not a valid dict", "type_error.dict", null, Map.of());
    }

    private RootOffer claimant(JsonNode body) {
        List<RootOffer> claimants =
                offers.stream().filter(offer -> offer.claims(body)).toList();
        var contracts = claimants.stream().map(RootOffer::contract).collect(Collectors.toSet());
        if (contracts.size() == 1) return claimants.getFirst();
        if (contracts.isEmpty())
            throw new Refusal(
                    400, "This body belongs to none of the contracts served here, which require: " + known(offers));
        throw new Refusal(
                400,
                "This body may belong to more than one contract; send it below the prefix of the one that is meant: "
                        + known(claimants));
    }

    /** As in {@code trainer (/nemo, /meta): job_id, base_model; unified (/unified): framework, …}. */
    private static String known(List<RootOffer> offers) {
        var prefixes = new LinkedHashMap<String, List<String>>();
        var required = new LinkedHashMap<String, List<String>>();
        for (RootOffer offer : offers) {
            prefixes.computeIfAbsent(offer.contract(), _ -> new ArrayList<>()).add(offer.prefix());
            required.put(offer.contract(), offer.required());
        }
        var texts = new ArrayList<String>();
        prefixes.forEach((contract, under) -> texts.add("%s (%s): %s"
                .formatted(
                        contract,
                        String.join(", ", under),
                        String.join(", ", required.getOrDefault(contract, List.of())))));
        return String.join("; ", texts);
    }

    private record Found(RootOffer offer, Match match) {
        Optional<Instant> created() {
            return switch (match) {
                case Match.OfJob job -> Optional.of(job.created());
                case Match.Route _, Match.None _ -> Optional.empty();
            };
        }
    }

    private void find(Context context, String path) {
        List<Found> found = offers.stream()
                .map(offer -> new Found(offer, offer.match(context.method(), path)))
                .filter(each -> !(each.match() instanceof Match.None))
                .toList();
        if (found.isEmpty() && !known(path)) throw new Refusal(404, "");
        if (found.isEmpty()) throw Refusal.ofMethod(context, methods(path));
        var newest = found.stream()
                .filter(each -> each.created().isPresent())
                .max((a, b) -> a.created().orElseThrow().compareTo(b.created().orElseThrow()));
        // Who may not ask is not told whose job it is either: the contract refuses.
        if (newest.isPresent() && verdict(context) == Tokens.Verdict.ALLOWED) mustBeOne(found, path);
        newest.orElse(found.getFirst()).offer().serve(context, path);
    }

    private HandlerType[] methods(String path) {
        boolean submits = path.equals("/train") || path.equals("/train/");
        return Stream.of(HandlerType.GET, HandlerType.POST, HandlerType.DELETE)
                .filter(method -> (submits && method.equals(HandlerType.POST))
                        || offers.stream().anyMatch(offer -> !(offer.match(method, path) instanceof Match.None)))
                .toArray(HandlerType[]::new);
    }

    private static boolean known(String path) {
        return path.startsWith("/train") || path.startsWith("/jobs");
    }

    private static void mustBeOne(List<Found> found, String path) {
        var contracts = new LinkedHashSet<String>();
        var prefixes = new ArrayList<String>();
        for (Found each : found) {
            if (each.created().isEmpty()) continue;
            contracts.add(each.offer().contract());
            prefixes.add(each.offer().prefix());
        }
        if (contracts.size() > 1)
            throw new Refusal(
                    409,
                    "More than one contract has a job of this name; ask below its prefix: "
                            + prefixes.stream().map(prefix -> prefix + path).collect(Collectors.joining(", ")));
    }

    private static void answer(Context context, int status, byte[] body) {
        context.status(status).contentType("application/json").result(body);
    }
}
