package io.trainyard.contract.vision;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.http.Contract;
import io.trainyard.http.Prefix;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.secrets.Mask;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Store;
import io.trainyard.stream.Streams;
import io.trainyard.wire.Details;
import io.trainyard.wire.RawPath;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** The routes of the vision contract, under its prefix. Slashes at the end of a path are nothing. */
public final class VisionContract implements Contract {
    static final String PREFIX = "/vision";
    private static final String API = "/api/v1/training";
    private static final String ID = "{id}";

    private final Tokens tokens;
    private final VisionSettings settings;
    private final Sockets sockets;
    private final List<Route> routes;

    /** The rooms it asks. */
    public record Rooms(
            Admission admission, Store store, Tokens tokens, Streams streams, ProgressIntake progress, Sealer sealer) {}

    /** @param random gives ids to jobs that come without one */
    public VisionContract(VisionSettings settings, Rooms rooms, InstantSource clock, RandomGenerator random) {
        this.settings = settings;
        tokens = rooms.tokens();
        var desk = new Desk(rooms.admission(), rooms.store().jobs(), settings, random);
        sockets = new Sockets(desk, rooms.store(), rooms.streams());
        routes = Stream.of(
                        platform(new Platform(desk, rooms.store())),
                        service(new TrainingService(desk)),
                        callbacks(new Callbacks(desk, rooms.store(), rooms.progress(), job -> mask(rooms, job), clock)))
                .flatMap(List::stream)
                .toList();
    }

    /** The token of the callers too: not every job has it among its secrets. */
    private Mask mask(Rooms rooms, Job job) {
        var sealed = rooms.store().jobs().secrets(job.id());
        var secrets =
                new HashSet<>(rooms.sealer().unseal(job.id().value(), sealed).values());
        settings.internalToken().ifPresent(secrets::add);
        return Mask.of(secrets);
    }

    enum Guard {
        NONE,
        TOKEN,
        INTERNAL
    }

    /** @param path its parts, beginning with the empty one before the first slash; {@code {id}} is a job's id */
    private record Route(HandlerType method, List<String> path, Guard guard, Function<Asked, JsonNode> answer) {
        static Route of(HandlerType method, String path, Guard guard, Function<Asked, JsonNode> answer) {
            return new Route(method, List.of(path.split("/", -1)), guard, answer);
        }

        boolean matches(List<String> parts) {
            if (parts.size() != path.size()) return false;
            for (int i = 0; i < parts.size(); i++)
                if (!path.get(i).equals(ID) && !path.get(i).equals(parts.get(i))) return false;
            return true;
        }

        Asked asked(Context context, List<String> parts) {
            int place = path.indexOf(ID);
            return new Asked(context, place < 0 ? "" : id(parts.get(place)));
        }

        private static String id(String raw) {
            String text = RawPath.decode(raw);
            OptionalLong id = Request.id(text);
            if (id.isEmpty()) throw new Refusal(422, "job_id: value is not a valid integer");
            return Long.toString(id.getAsLong());
        }
    }

    /** @param id empty where a route is about no job */
    record Asked(Context context, String id) {}

    private static List<Route> platform(Platform platform) {
        var routes = new ArrayList<Route>();
        routes.add(Route.of(HandlerType.POST, API + "/jobs", Guard.TOKEN, platform::create));
        routes.add(Route.of(HandlerType.GET, API + "/jobs", Guard.TOKEN, platform::list));
        String job = API + "/jobs/" + ID;
        routes.add(Route.of(HandlerType.GET, job, Guard.TOKEN, platform::show));
        routes.add(Route.of(HandlerType.GET, job + "/status", Guard.TOKEN, platform::status));
        routes.add(Route.of(HandlerType.GET, job + "/metrics", Guard.TOKEN, platform::metrics));
        routes.add(Route.of(HandlerType.GET, job + "/metric-schema", Guard.TOKEN, platform::metricSchema));
        routes.add(Route.of(HandlerType.GET, job + "/logs", Guard.TOKEN, platform::logs));
        routes.add(Route.of(HandlerType.GET, job + "/logs/loki", Guard.TOKEN, platform::logs));
        routes.add(Route.of(HandlerType.GET, job + "/checkpoints", Guard.TOKEN, platform::checkpoints));
        routes.add(Route.of(HandlerType.POST, job + "/start", Guard.TOKEN, platform::start));
        routes.add(Route.of(HandlerType.POST, job + "/cancel", Guard.TOKEN, platform::cancel));
        routes.add(Route.of(HandlerType.POST, job + "/restart", Guard.TOKEN, platform::restart));
        routes.add(Route.of(HandlerType.POST, API + "/stop/" + ID, Guard.TOKEN, platform::stop));
        routes.add(Route.of(HandlerType.GET, API + "/config/schema", Guard.NONE, _ -> Pages.schema()));
        routes.add(Route.of(HandlerType.GET, API + "/config/defaults", Guard.NONE, _ -> Pages.defaults()));
        routes.add(Route.of(HandlerType.GET, API + "/config/presets", Guard.NONE, _ -> Pages.presets()));
        routes.add(Route.of(HandlerType.POST, API + "/config/validate", Guard.TOKEN, platform::validate));
        return routes;
    }

    private static List<Route> service(TrainingService service) {
        return List.of(
                Route.of(HandlerType.GET, "/health", Guard.NONE, _ -> service.health()),
                Route.of(HandlerType.POST, "/training/start", Guard.TOKEN, service::start),
                Route.of(HandlerType.GET, "/training/status/" + ID, Guard.TOKEN, service::status),
                Route.of(HandlerType.POST, "/training/stop/" + ID, Guard.TOKEN, service::stop));
    }

    /** Below both places that the first implementation's parts look for them. */
    private static List<Route> callbacks(Callbacks calls) {
        var routes = new ArrayList<Route>();
        for (String under : List.of("/internal/training/" + ID, "/api/v1/internal/training/" + ID)) {
            routes.add(internal(HandlerType.PATCH, under + "/status", calls::status));
            routes.add(internal(HandlerType.POST, under + "/metrics", calls::metric));
            routes.add(internal(HandlerType.POST, under + "/logs", calls::log));
            routes.add(internal(HandlerType.POST, under + "/training-metrics", calls::trainingMetrics));
            for (String results : List.of("validation-results", "validation-image-results"))
                routes.add(internal(
                        HandlerType.POST, under + "/" + results, (context, id) -> calls.results(context, id, results)));
            routes.add(internal(HandlerType.GET, under + "/health", (_, id) -> calls.health(id)));
        }
        return routes;
    }

    private interface Call {
        JsonNode answer(Context context, String id);
    }

    private static Route internal(HandlerType method, String path, Call call) {
        return Route.of(method, path, Guard.INTERNAL, asked -> call.answer(asked.context(), asked.id()));
    }

    @Override
    public List<String> prefixes() {
        return List.of(PREFIX);
    }

    @Override
    public void mount(RoutesConfig config) {
        Prefix.mount(config, PREFIX, this::serve);
        sockets.mount(config, PREFIX, context -> check(context, Guard.TOKEN));
    }

    @Override
    public void refuse(Context context, int status, String message) {
        String text = switch (status) {
            case 404 -> message.isEmpty() ? "Not Found" : message;
            case 405 -> "Method Not Allowed";
            default -> message;
        };
        answer(context, status, Details.text(text));
    }

    private void serve(Context context, String path) {
        try {
            route(context, List.of(path.replaceAll("/+$", "").split("/", -1)));
        } catch (Refusal refusal) {
            refuse(context, refusal.status(), refusal.message());
        } catch (Bodies.Wrong wrong) {
            answer(context, 422, wrong.answer);
        }
    }

    private void route(Context context, List<String> parts) {
        List<Route> found =
                routes.stream().filter(route -> route.matches(parts)).toList();
        if (found.isEmpty()) throw new Refusal(404, "");
        var route = found.stream()
                .filter(each -> each.method().equals(context.method()))
                .findFirst();
        if (route.isEmpty()) {
            context.header(
                    "Allow", found.stream().map(each -> each.method().name()).collect(Collectors.joining(", ")));
            throw new Refusal(405, "");
        }
        check(context, route.get().guard());
        JsonNode body = route.get().answer().apply(route.get().asked(context, parts));
        context.contentType("application/json").result(Answers.bytes(body));
    }

    /** Before a body is read. */
    private void check(Context context, Guard guard) {
        switch (guard) {
            case NONE -> {}
            case INTERNAL -> Callbacks.check(context, settings.internalToken());
            case TOKEN -> {
                tokens.require(context);
            }
        }
    }

    private static void answer(Context context, int status, byte[] body) {
        context.status(status).contentType("application/json").result(body);
    }
}
