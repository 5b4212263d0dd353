package io.trainyard.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.webhook.Receiver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Every field of every contract that may hold a secret is given one of its own; then everything that leaves the server
 * and every byte that it keeps is read. A value is looked for by the part that nothing else has.
 */
class FiftyCanariesTest {
    private static final Pattern CANARY = Pattern.compile("canary[0-9][0-9a-z]of[a-z]{16}");
    private static final String JOBS = "/api/v1/jobs";

    /** {@code %s} is the backend of the job. */
    private static final String NATIVE = """
            {"name":"native","framework":"custom","model":{"name":"m","token":"canary01ofabcdefghijklmnop"},
             "datasets":[
               {"source":"a","credentials":{"aws_access_key_id":"canary02ofabcdefghijklmnop","aws_secret_access_key":"canary03ofabcdefghijklmnop","aws_session_token":"canary04ofabcdefghijklmnop"}},
               {"source":"b","credentials":{"token":"canary05ofabcdefghijklmnop","password":"canary06ofabcdefghijklmnop"}}],
             "webhooks":[
               {"url":"RECEIVER/a","authorization":"Bearer canary07ofabcdefghijklmnop","secret":"whsec_canary08ofabcdefghijklmnopqrstuv"},
               {"url":"RECEIVER/b","authorization":"Bearer canary09ofabcdefghijklmnop","secret":"whsec_canary10ofabcdefghijklmnopqrstuv"}],
             "container":{"command":["sh","-c","echo before; env; echo $A_TOKEN >&2; echo x${PLAIN_NAME}y; echo after"],
               "environment":{"A_TOKEN":{"secret":"canary11ofabcdefghijklmnop"},"B_KEY":{"secret":"canary12ofabcdefghijklmnop"},
                 "PLAIN_NAME":{"secret":"canary13ofabcdefghijklmnop"},"URL":{"secret":"https://u:canary14ofabcdefghijklmnop@host/"}}},
             "placement":{"backends":["%s"]}}""";

    private static final String UNIFIED = """
            {"framework":"hf","model_id":"org/tiny","run_id":"canary-run","checkpoint_base_uri":"s3://bucket/runs","dataset_uri":"s3://bucket/rows.jsonl",
             "env":{"HF_TOKEN":"canary51ofabcdefghijklmnop","WANDB_API_KEY":"canary52ofabcdefghijklmnop","AWS_SECRET_ACCESS_KEY":"canary53ofabcdefghijklmnop",
               "DB_PASSWORD":"canary54ofabcdefghijklmnop","MY_CREDENTIALS":"canary55ofabcdefghijklmnop","URL":"https://x/?t=canary51ofabcdefghijklmnop","DATABASE":"postgres://u:canary5aofabcdefghijklmnop@host/db"},
             "annotations":{"note":"repeats canary52ofabcdefghijklmnop"},
             "extra_args":{"api_key":"canary56ofabcdefghijklmnop","hub_token":"canary57ofabcdefghijklmnop"}}""";

    private static final String STUDIO = """
            {"backend":"kubernetes","dataset_file":"gs://data/train.jsonl","output_dir":"gs://data/out","job_name":"secrets","hf_token":"canary58ofabcdefghijklmnop",
             "trainer_args":{"hf_token":"canary5bofabcdefghijklmnop"},
             "env":{"HF_TOKEN":"canary5cofabcdefghijklmnop","CACHE":"redis://:canary5dofabcdefghijklmnop@host/0","WANDB_API_KEY":"canary59ofabcdefghijklmnop","AWS_SECRET_ACCESS_KEY":"canary60ofabcdefghijklmnop","DB_PASSWORD":"canary61ofabcdefghijklmnop",
               "URL":"https://x/?t=canary59ofabcdefghijklmnop"}}""";

    private static final String INTERNAL_AUTH = "canary62ofabcdefghijklmnop";
    private static final String VISION = """
            {"job_id":7,"framework":"timm","task_type":"image_classification","model_name":"resnet50","dataset_path":"d",
             "dataset_format":"imagefolder","num_classes":2,"output_dir":"o","epochs":1,"batch_size":8,"learning_rate":0.001}""";

    private final Receiver receiver = Receiver.content();
    private final Set<String> sent = new HashSet<>();
    private final List<String> shown = new ArrayList<>();

    private LiveServer.Reply post(LiveServer server, String path, String body, String... headers) {
        var matcher = CANARY.matcher(body);
        while (matcher.find()) sent.add(matcher.group());
        return keep(server.post(path, body.replace("RECEIVER", receiver.url("")), headers));
    }

    private LiveServer.Reply keep(LiveServer.Reply reply) {
        shown.add(reply.text() + reply.whole().headers().map());
        return reply;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mock", "kubeflow"})
    void no_secret_of_any_contract_is_in_an_answer_an_event_a_manifest_a_log_or_a_file(
            String runner, @TempDir Path home) throws IOException {
        var settings = new HashMap<>(Map.of("K8S_TRAINING_IMAGE", "registry.example/trainer:1"));
        settings.put("TRAINER_JOB_RUNNER", runner);
        settings.put("TRAINYARD_LOCAL_ALLOW_COMMANDS", "true");
        settings.put("TRAINYARD_SIMULATED_RUN_MILLIS", "1");
        settings.put("INTERNAL_AUTH_TOKEN", INTERNAL_AUTH);
        sent.add(INTERNAL_AUTH);
        var log = new ServerLog();
        try (log;
                var server = LiveServer.withEnvironment(home, settings)) {
            ask(server);
            read(server);
        }
        assertTrue(
                log.lines.stream().anyMatch(line -> line.contains("listens on")), "the server's log was read at all");
        shown.addAll(log.lines);
        receiver.close();
        assertTrue(receiver.told().size() > 8, receiver.told().size() + " notices");
        for (var told : receiver.told()) shown.add(told.path() + new String(told.body(), StandardCharsets.UTF_8));
        assertTrue(sent.size() >= 50, sent.size() + " canaries were sent");
        for (String text : shown) assertFalse(CANARY.matcher(text).find(), text);
        assertEquals(Set.of(), kept(home));
    }

    /** What the server writes for its operator, every level of it. */
    private static final class ServerLog extends Handler implements AutoCloseable {
        private static final Logger OURS = Logger.getLogger("io.trainyard");
        private final List<String> lines = new CopyOnWriteArrayList<>();

        ServerLog() {
            OURS.setLevel(Level.ALL);
            OURS.addHandler(this);
        }

        @Override
        public void publish(LogRecord line) {
            lines.add(new SimpleFormatter().format(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            OURS.removeHandler(this);
            OURS.setLevel(null);
        }
    }

    /** Every contract is asked, and asked again, wrongly too. */
    private void ask(LiveServer server) {
        for (String backend : List.of("local", "simulated", "kubernetes", "kubeflow", "vertex"))
            assertEquals(
                    200, post(server, "/api/v1/plan", NATIVE.formatted(backend)).status());
        String id = made(post(server, JOBS, NATIVE.formatted("local"), "Idempotency-Key", "k"))
                .get("id")
                .stringValue();
        post(server, JOBS, NATIVE.formatted("local"), "Idempotency-Key", "k");
        assertEquals(
                422,
                post(server, JOBS, NATIVE.formatted("simulated"), "Idempotency-Key", "k")
                        .status());
        assertEquals(
                422,
                post(server, JOBS, NATIVE.formatted("local").replace("\"token\"", "\"tokn\""))
                        .status());
        server.await(id, "succeeded");
        made(keep(server.post(JOBS + "/" + id + "/clone", "{\"name\":\"copy\"}")));
        made(keep(server.post(JOBS + "/" + id + "/retry", "")));
        int ten = 2;
        for (String service : List.of("nemo", "meta", "hf-unsloth")) {
            String provider = service.equals("hf-unsloth") ? "huggingface" : service;
            String body = trainer("c-" + service, provider, ten++);
            made(post(server, "/" + service + "/train", body));
            post(server, "/" + service + "/train", body);
            post(server, "/" + service + "/train", body.replace("\"gpus\":8", "\"gpus\":\"x\""));
            // Bodies that no parser reads to the end: their pieces are not quoted either.
            post(server, "/" + service + "/train", body.replace("\"canary", "canary"));
            post(
                    server,
                    "/" + service + "/train",
                    body.replace(
                            "{\"trainer_env\"",
                            "{\"trainer_args\":\"--x 'canary%dkofabcdefghijklmnop\",\"trainer_env\""
                                    .formatted(ten - 1)));
            keep(server.post("/" + service + "/train/c-" + service + "/cancel", ""));
            keep(server.get("/" + service + "/train/c-" + service));
        }
        made(post(server, "/unified/train", UNIFIED));
        post(server, "/unified/train", UNIFIED.replace("\"canary-run\"", "7.5"));
        post(server, "/unified/train", UNIFIED.replace("\"canary51", "canary51"));
        String name = "/unified/train/hf-canary-run";
        assertEquals(200, keep(server.get(name)).status());
        assertEquals(200, keep(server.get(name + "/logs")).status());
        assertEquals(200, keep(server.get("/unified/train")).status());
        assertEquals(200, keep(server.post(name + "/cancel", "")).status());
        String job = made(post(server, "/studio/train", STUDIO)).at("/job/id").stringValue();
        assertEquals(200, keep(server.get("/studio/jobs/" + job)).status());
        post(server, "/studio/train", STUDIO.replace("\"canary58", "canary58"));
        post(server, "/studio/train", STUDIO.replace("\"secrets\"", "{}"));
        keep(server.get("/studio/jobs"));
        post(server, "/vision/training/start", VISION, "X-Internal-Auth", INTERNAL_AUTH);
        post(server, "/vision/training/start", VISION, "X-Internal-Auth", "canary63ofabcdefghijklmnop");
        assertEquals(
                422,
                post(
                                server,
                                "/vision/training/start",
                                VISION.replace(
                                        "\"epochs\"",
                                        "\"config\":\"canary65ofabcdefghijklmnop\",\"advanced_config\":{\"api_key\":\"canary64ofabcdefghijklmnop\"},\"epochs\""),
                                "X-Internal-Auth",
                                INTERNAL_AUTH)
                        .status());
        keep(server.get("/vision/training/status/7", "X-Internal-Auth", INTERNAL_AUTH));
        for (String part : List.of("", "/status", "/logs", "/metrics", "/checkpoints"))
            keep(server.get("/vision/api/v1/training/jobs/7" + part));
        String status = "{\"status\":\"running\",\"error\":\"%s\",\"progress\":1}".formatted(INTERNAL_AUTH);
        for (String token : List.of(INTERNAL_AUTH, "canary66ofabcdefghijklmnop"))
            post(
                    server,
                    "/vision/internal/training/7/logs",
                    "{\"message\":\"it is %s\",\"level\":\"INFO\"}".formatted(INTERNAL_AUTH),
                    "X-Internal-Auth",
                    token);
        keep(server.send(server.request(
                "PATCH", "/vision/internal/training/7/status", status, "X-Internal-Auth", INTERNAL_AUTH)));
    }

    /** @param ten distinguishes its canaries from those of the other services */
    private static String trainer(String id, String provider, int ten) {
        return """
            {"job_id":"%1$s","base_model":{"provider":"%2$s","model_name":"m","auth_token":"canary%3$d1ofabcdefghijklmnop","huggingface_token":"canary%3$d2ofabcdefghijklmnop"},
             "customization":{"method":"lora"},"resources":{"gpus":8},
             "datasets":[{"source":"s3://b/rows.jsonl","format":"jsonl","auth":{"token":"canary%3$d3ofabcdefghijklmnop","username":"canary%3$d4ofabcdefghijklmnop","password":"canary%3$d5ofabcdefghijklmnop","role_arn":"canary%3$d6ofabcdefghijklmnop"}},
               {"source":"s3://b/more.jsonl","format":"jsonl","auth":{"aws_access_key_id":"canary%3$daofabcdefghijklmnop","aws_secret_access_key":"canary%3$dbofabcdefghijklmnop","aws_session_token":"canary%3$dcofabcdefghijklmnop"}}],
             "tuning_parameters":{},
             "artifacts":{"log_uri":"s3://b/l","output_uri":"s3://b/o","auth":{"aws_access_key_id":"canary%3$d7ofabcdefghijklmnop","aws_secret_access_key":"canary%3$d8ofabcdefghijklmnop",
               "aws_session_token":"canary%3$ddofabcdefghijklmnop","token":"canary%3$deofabcdefghijklmnop","username":"canary%3$dfofabcdefghijklmnop","password":"canary%3$dgofabcdefghijklmnop","role_arn":"canary%3$dhofabcdefghijklmnop"}},
             "callbacks":{"webhook_url":"RECEIVER/hook","auth_header":"Bearer canary%3$d9ofabcdefghijklmnop"},
             "extra_parameters":{"trainer_env":{"WANDB_API_KEY":"canary%3$d0ofabcdefghijklmnop","MIRROR":"https://u:canary%3$diofabcdefghijklmnop@host/"},
               "job_annotations":{"note":"repeats canary%3$d1ofabcdefghijklmnop"},"unknown":{"api_key":"canary%3$djofabcdefghijklmnop"}}}""".formatted(id, provider, ten);
    }

    private static JsonNode made(LiveServer.Reply reply) {
        assertTrue(reply.status() == 200 || reply.status() == 201 || reply.status() == 202, reply.text());
        return reply.json();
    }

    /** Everything that there is to read about every job, once all are over. */
    private void read(LiveServer server) {
        JsonNode jobs = server.get(JOBS + "?limit=500").json().get("jobs");
        assertTrue(jobs.size() >= 8, jobs.size() + " jobs");
        var ids = new LinkedHashSet<String>();
        jobs.forEach(job -> ids.add(job.get("id").stringValue()));
        for (String id : ids) {
            server.await(id, job -> job.get("finished_at").isString());
            for (String part : List.of(
                    "",
                    "/events",
                    "/logs?limit=10000",
                    "/logs/download",
                    "/metrics",
                    "/artifacts",
                    "/checkpoints",
                    "/deliveries")) keep(server.get(JOBS + "/" + id + part));
        }
        keep(server.get(JOBS + "?limit=500"));
        keep(server.get("/studio/jobs"));
        String log = server.get(JOBS + "?text=native").json().at("/jobs/0/id").stringValue();
        assertTrue(server.get(JOBS + "/" + log + "/logs").text().contains("after"), "the job printed its environment");
    }

    /** Canaries in any file, as they are, escaped for a URL, or as UTF-16. */
    private Set<String> kept(Path home) throws IOException {
        var found = new HashSet<String>();
        int read = 0;
        try (var files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                byte[] bytes = bytes(file);
                read += bytes.length;
                for (var charset : List.of(StandardCharsets.ISO_8859_1, StandardCharsets.UTF_16LE)) {
                    String text = new String(bytes, charset);
                    for (String canary : sent)
                        if (text.contains(canary) || text.contains(URLEncoder.encode(canary, StandardCharsets.UTF_8)))
                            found.add(file + ": " + canary);
                }
            }
        }
        assertTrue(read > 100_000, "the databases were read at all");
        return found;
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
