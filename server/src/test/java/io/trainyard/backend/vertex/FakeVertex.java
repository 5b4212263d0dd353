package io.trainyard.backend.vertex;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Vertex AI and Cloud Logging as far as we use them, with {@link GoogleSignIn}: a real server whose routes and messages
 * come from the discovery documents. It refuses what these do not know, steps jobs when it is told to, and fails when it is
 * told to. What the documents leave open is taken from the service's published behaviour. Long because it is one service.
 */
public final class FakeVertex implements AutoCloseable {
    public static final String PROJECT = "my-project";
    public static final String NUMBER = "123456789";
    public static final String REGION = "us-central1";
    static final String CUSTOM_JOB = "GoogleCloudAiplatformV1CustomJob";
    private static final String TOKEN_PATH = "/token";
    private static final long HANG_MILLIS = 60_000;
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern CONDITION = Pattern.compile("(\\S+?)(:\\*|!=|=|>=)\"?([^\"]*)\"?");

    /** An answer that is a refusal. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int status;
        private final String word;

        Refused(int status, String word, String message) {
            super(message);
            this.status = status;
            this.word = word;
        }
    }

    private final HttpServer server;
    private final Schema vertex;
    private final Schema logging;
    private final Map<String, Pattern> routes = new LinkedHashMap<>();
    private final Map<String, Queue<Fault>> faults = new HashMap<>();
    private final Map<String, ObjectNode> jobs = new LinkedHashMap<>();
    private final List<ObjectNode> entries = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private final List<String> bodies = new ArrayList<>();
    private final GoogleSignIn signIn = new GoogleSignIn();
    private long ids = 4_611_686_018_427_387_904L;
    private long insertIds;
    private int pageSize = 100;
    private volatile Instant now = Instant.parse("2026-11-23T12:00:00Z");

    private FakeVertex(JsonNode vertexDocument, JsonNode loggingDocument, int port) throws Exception {
        vertex = new Schema(vertexDocument);
        logging = new Schema(loggingDocument);
        JsonNode methods = vertexDocument.at("/resources/projects/resources/locations/resources/customJobs/methods");
        for (String name : List.of("create", "get", "list", "cancel", "delete")) route(name, methods.path(name));
        route("entries", loggingDocument.at("/resources/entries/methods/list"));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::serve);
        server.start();
    }

    /** Skips the test where the documents cannot be had. */
    public static FakeVertex start() {
        JsonNode vertex = Discovery.read("aiplatform.v1");
        JsonNode logging = Discovery.read("logging.v2");
        try {
            return new FakeVertex(vertex, logging, 0);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void route(String name, JsonNode method) {
        String path = method.path("flatPath").asString();
        if (path.isEmpty()) throw new IllegalStateException("no method " + name + " in the document");
        String pattern = path.replaceAll("\\{[A-Za-z]+}", "([^/:]+)");
        routes.put(name, Pattern.compile(method.path("httpMethod").asString() + " /" + pattern));
    }

    public String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** A service account's key file, as the console hands it out. */
    public Path credentials(Path folder) {
        return signIn.credentials(folder, address() + TOKEN_PATH);
    }

    // What a test does to it

    public synchronized void next(String method, Fault... wanted) {
        faults.computeIfAbsent(method, _ -> new ArrayDeque<>()).addAll(List.of(wanted));
    }

    public void expireToken() {
        signIn.expire();
    }

    public synchronized void at(Instant time) {
        now = time;
    }

    public synchronized void pagesOf(int size) {
        pageSize = size;
    }

    public synchronized List<ObjectNode> jobs() {
        return List.copyOf(jobs.values());
    }

    public synchronized ObjectNode only() {
        if (jobs.size() != 1) throw new IllegalStateException("not one job: " + jobs.keySet());
        return jobs.values().iterator().next();
    }

    public synchronized long count(String method) {
        return calls.stream().filter(method::equals).count();
    }

    /** All that was ever sent to it. */
    public synchronized List<String> bodies() {
        return List.copyOf(bodies);
    }

    public synchronized void state(ObjectNode job, String state) {
        job.put("state", state);
        job.put("updateTime", now.toString());
        if (state.equals("JOB_STATE_RUNNING") && !job.has("startTime")) job.put("startTime", now.toString());
        if (States.ENDED.contains(state)) job.put("endTime", now.toString());
    }

    public synchronized void fail(ObjectNode job, int code, String message) {
        job.putObject("error").put("code", code).put("message", message);
        state(job, "JOB_STATE_FAILED");
    }

    /** The same once more, as a create that was on its way makes it. */
    public synchronized ObjectNode again(ObjectNode job) {
        String name = job.path("name").asString() + "9";
        ObjectNode second = job.deepCopy().put("name", name).put("createTime", now.toString());
        jobs.put(name, second);
        return second;
    }

    public synchronized void vanish(ObjectNode job) {
        jobs.remove(job.path("name").asString());
    }

    /** @param task such as {@code workerpool0-0} */
    public synchronized ObjectNode print(ObjectNode job, String task, Instant at, String text) {
        String name = job.path("name").asString();
        ObjectNode entry = JSON.createObjectNode()
                .put("timestamp", at.toString())
                .put("insertId", "i" + ++insertIds)
                .put("severity", "INFO")
                .put("textPayload", text);
        entry.putObject("resource")
                .put("type", "ml_job")
                .putObject("labels")
                .put("job_id", name.substring(name.lastIndexOf('/') + 1))
                .put("task_name", task);
        entries.add(entry);
        return entry;
    }

    public void print(ObjectNode job, String text) {
        print(job, "workerpool0-0", now, text);
    }

    // What it answers

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            if (exchange.getRequestURI().getPath().equals(TOKEN_PATH)) answer(exchange, 200, signIn.token(body));
            else called(exchange, body);
        }
    }

    private void called(HttpExchange exchange, String body) throws IOException {
        String line =
                exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        String method = routes.entrySet().stream()
                .filter(route -> route.getValue().matcher(line).matches())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("");
        Optional<Fault> fault;
        synchronized (this) {
            calls.add(method);
            bodies.add(body);
            fault = Optional.ofNullable(
                    faults.getOrDefault(method, new ArrayDeque<>()).poll());
        }
        if (fault.isPresent() && fault.get() instanceof Fault.LoseRequest) return;
        try {
            if (fault.isPresent() && fault.get() instanceof Fault.Refuse(int status, String word, String message))
                throw new Refused(status, word, message);
            ObjectNode result = handle(exchange, method, body);
            if (fault.isPresent() && fault.get() instanceof Fault.LoseAnswer) return;
            if (fault.isPresent() && fault.get() instanceof Fault.Hang) Thread.sleep(HANG_MILLIS);
            if (fault.isPresent() && fault.get() instanceof Fault.DoAndRefuse(int status, String word))
                throw new Refused(status, word, "done, and yet");
            answer(exchange, 200, result);
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        } catch (Refused refused) {
            ObjectNode error = JSON.createObjectNode();
            error.putObject("error")
                    .put("code", refused.status)
                    .put("message", refused.getMessage())
                    .put("status", refused.word);
            answer(exchange, refused.status, error);
        }
    }

    private static void answer(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json; charset=UTF-8");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private synchronized ObjectNode handle(HttpExchange exchange, String method, String body) {
        if (!signIn.accepts(exchange.getRequestHeaders().getFirst("Authorization")))
            throw new Refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
        String path = exchange.getRequestURI().getPath();
        String name = path.replaceFirst("^/v1/", "").replaceFirst(":cancel$", "");
        return switch (method) {
            case "create" -> create(path, JSON.readTree(body));
            case "get" -> job(name).deepCopy();
            case "list" -> list(query(exchange));
            case "cancel" -> cancel(name, JSON.readTree(body));
            case "delete" -> delete(name);
            case "entries" -> entries(JSON.readTree(body));
            default -> throw new Refused(404, "NOT_FOUND", "no such method: " + path);
        };
    }

    private ObjectNode create(String path, JsonNode wanted) {
        if (!path.contains("/projects/" + PROJECT + "/locations/" + REGION + "/"))
            throw new Refused(403, "PERMISSION_DENIED", "Permission denied on " + path);
        var wrong = new ArrayList<>(vertex.faults(CUSTOM_JOB, wanted));
        wrong.addAll(Judge.faults(wanted));
        if (!wrong.isEmpty()) throw new Refused(400, "INVALID_ARGUMENT", String.join("\n", wrong));
        String name = "projects/%s/locations/%s/customJobs/%d".formatted(NUMBER, REGION, ++ids);
        ObjectNode job = ((ObjectNode) wanted).deepCopy().put("name", name).put("createTime", now.toString());
        state(job, "JOB_STATE_QUEUED");
        jobs.put(name, job);
        return job.deepCopy();
    }

    /** By the project's number or by its id. */
    private ObjectNode job(String name) {
        ObjectNode job = jobs.get(name.replace("projects/" + PROJECT + "/", "projects/" + NUMBER + "/"));
        if (job == null) throw new Refused(404, "NOT_FOUND", "The CustomJob does not exist.");
        return job;
    }

    private ObjectNode cancel(String name, JsonNode body) {
        if (!vertex.faults("GoogleCloudAiplatformV1CancelCustomJobRequest", body)
                .isEmpty()) throw new Refused(400, "INVALID_ARGUMENT", "cancel takes nothing");
        ObjectNode job = job(name);
        if (States.ended(job))
            throw new Refused(400, "FAILED_PRECONDITION", "The CustomJob is in a final state and cannot be cancelled.");
        state(job, "JOB_STATE_CANCELLING");
        return JSON.createObjectNode();
    }

    private ObjectNode delete(String name) {
        if (!States.ended(job(name)))
            throw new Refused(400, "FAILED_PRECONDITION", "The CustomJob is not in a final state.");
        jobs.remove(name);
        return JSON.createObjectNode().put("name", "operations/1").put("done", true);
    }

    private ObjectNode list(Map<String, String> query) {
        String mask = query.getOrDefault("readMask", "");
        if (!mask.isEmpty() && !vertex.knows(CUSTOM_JOB, mask))
            throw new Refused(400, "INVALID_ARGUMENT", "Invalid readMask: " + mask);
        var found = jobs.values().stream()
                .filter(job -> matches(job, query.getOrDefault("filter", "")))
                .toList();
        ObjectNode page = JSON.createObjectNode();
        var shown = page.putArray("customJobs");
        int size = Math.min(pageSize, Integer.parseInt(query.getOrDefault("pageSize", "100")));
        int from = from(query.getOrDefault("pageToken", ""));
        for (JsonNode job : found.subList(Math.min(from, found.size()), Math.min(found.size(), from + size))) {
            ObjectNode narrowed = ((ObjectNode) job).deepCopy();
            if (!mask.isEmpty()) narrowed.retain(List.of(mask.split(",", -1)));
            shown.add(narrowed);
        }
        if (from + size < found.size()) page.put("nextPageToken", Integer.toString(from + size));
        return page;
    }

    private static int from(String pageToken) {
        return pageToken.isEmpty() ? 0 : Integer.parseInt(pageToken);
    }

    private static boolean matches(JsonNode job, String filter) {
        if (filter.isEmpty()) return true;
        for (String condition : filter.split(" AND ", -1)) {
            var parts = CONDITION.matcher(condition);
            if (!parts.matches()) throw new Refused(400, "INVALID_ARGUMENT", "Invalid filter: " + condition);
            String field = parts.group(1);
            JsonNode value = field.startsWith("labels.")
                    ? job.path("labels").path(field.substring("labels.".length()))
                    : job.path(field);
            if (!field.startsWith("labels.")
                    && !List.of("state", "display_name").contains(field))
                throw new Refused(400, "INVALID_ARGUMENT", "Unsupported field in filter: " + field);
            boolean fits = switch (parts.group(2)) {
                case ":*" -> !value.isMissingNode();
                case "=" -> value.asString("").equals(parts.group(3));
                case "!=" -> !value.asString("").equals(parts.group(3));
                default -> throw new Refused(400, "INVALID_ARGUMENT", "Invalid filter: " + condition);
            };
            if (!fits) return false;
        }
        return true;
    }

    private ObjectNode entries(JsonNode wanted) {
        var wrong = logging.faults("ListLogEntriesRequest", wanted);
        if (!wrong.isEmpty()) throw new Refused(400, "INVALID_ARGUMENT", String.join("\n", wrong));
        if (!wanted.path("resourceNames").path(0).asString("").equals("projects/" + NUMBER))
            throw new Refused(403, "PERMISSION_DENIED", "Permission denied on " + wanted.path("resourceNames"));
        var found = new ArrayList<>(entries.stream()
                .filter(entry -> Judge.matches(entry, wanted.path("filter").asString("")))
                .sorted(Comparator.<ObjectNode, Instant>comparing(
                                entry -> Instant.parse(entry.path("timestamp").asString()))
                        .thenComparing(entry -> entry.path("insertId").asString()))
                .toList());
        if (wanted.path("orderBy").asString("").equals("timestamp desc")) Collections.reverse(found);
        int size = Math.min(pageSize, wanted.path("pageSize").asInt(50));
        int from = from(wanted.path("pageToken").asString(""));
        ObjectNode page = JSON.createObjectNode();
        var shown = page.putArray("entries");
        found.subList(Math.min(from, found.size()), Math.min(found.size(), from + size))
                .forEach(shown::add);
        if (from + size < found.size()) page.put("nextPageToken", Integer.toString(from + size));
        return page;
    }

    private static Map<String, String> query(HttpExchange exchange) {
        var query = new HashMap<String, String>();
        String raw = exchange.getRequestURI().getRawQuery();
        for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
            int sign = pair.indexOf('=');
            query.put(pair.substring(0, sign), URLDecoder.decode(pair.substring(sign + 1), StandardCharsets.UTF_8));
        }
        return query;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
