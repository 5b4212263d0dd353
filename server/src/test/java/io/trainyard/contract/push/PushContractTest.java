package io.trainyard.contract.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.javalin.Javalin;
import io.trainyard.http.Refusal;
import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.SomeJob;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PushContractTest {
    private static final String STATUS = """
            {"trainerStatus": {"progressPercentage": 25, "estimatedRemainingSeconds": 90,
              "metrics": [{"name": "loss", "value": "0.5"}, {"name": "current_step", "value": "10"},
                          {"name": "total_steps", "value": "40"}, {"name": "mood", "value": "good"}]}}
            """;

    @TempDir
    Path folder;

    private final MemoryStore store = new MemoryStore(() -> SomeJob.NOON);
    private final HttpClient client = HttpClient.newHttpClient();
    private Sealer sealer;
    private Javalin server;
    private JobId id;

    @BeforeEach
    void start() {
        sealer = Sealer.open(folder.resolve("secrets.key"));
        var contract = new PushContract(store.jobs(), new ProgressIntake(store), sealer, () -> SomeJob.NOON);
        server = Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    contract.mount(config.routes);
                    config.routes.exception(
                            Refusal.class,
                            (refusal, context) -> contract.refuse(context, refusal.status(), refusal.message()));
                })
                .start("127.0.0.1", 0);
        Job job = SomeJob.PLAIN.queued();
        id = job.id();
        var submitted = Event.of(job, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON);
        store.jobs().create(new Jobs.NewJob(job, submitted, Map.of(), new byte[0], Optional.empty()));
        var running =
                new JobState.Running(new Attempt(id, 1, "simulated", Grant.NOTHING), SomeJob.HANDLE, SomeJob.NOON);
        move(running, Event.Kind.RUNNING);
    }

    private void move(JobState state, Event.Kind kind) {
        Job next = store.jobs().find(id).orElseThrow().withState(state, SomeJob.NOON);
        store.jobs().transition(next, Event.of(next, kind, "so it is", SomeJob.NOON));
    }

    @AfterEach
    void stop() {
        server.stop();
        client.close();
    }

    @Test
    void a_push_is_answered_with_200_and_is_progress() throws Exception {
        var answer = push(id, "Bearer " + token(), STATUS);
        assertEquals(200, answer.statusCode());
        assertEquals("{}", answer.body());
        var progress = store.metrics().progress(id).orElseThrow();
        assertEquals(10, progress.step());
        assertEquals(Optional.of(40L), progress.totalSteps());
        assertEquals(Map.of("loss", 0.5), progress.latest());
    }

    @Test
    void the_word_bearer_is_understood_in_any_case() throws Exception {
        assertEquals(200, push(id, "bearer " + token(), STATUS).statusCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Basic abc", "Bearer"})
    void without_a_token_it_is_401(String authorization) throws Exception {
        assertEquals(401, push(id, authorization, STATUS).statusCode());
    }

    @Test
    void with_the_token_of_another_job_it_is_403_and_nothing_is_kept() throws Exception {
        var other = new JobId(id + "x");
        assertEquals(
                403,
                push(id, "Bearer " + PushContract.token(sealer, other), STATUS).statusCode());
        assertEquals(Optional.empty(), store.metrics().progress(id));
    }

    @Test
    void a_job_that_is_not_there_is_404() throws Exception {
        var other = new JobId(id + "x");
        var answer = push(other, "Bearer " + PushContract.token(sealer, other), STATUS);
        assertEquals(404, answer.statusCode());
        assertEquals(
                404,
                push("/apis/trainer.kubeflow.org/v1alpha1/namespaces/n/trainjobs/mine/status")
                        .statusCode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{\"trainerStatus\": 1}",
                "{\"trainerStatus\": {\"progressPercentage\": 101}}",
                "{\"trainerStatus\": {\"progressPercentage\": \"half\"}}",
                "{\"trainerStatus\": {\"estimatedRemainingSeconds\": -1}}",
                "{\"trainerStatus\": {\"metrics\": {}}}",
                "{\"trainerStatus\": {\"metrics\": [{\"value\": \"1\"}]}}"
            })
    void nonsense_is_422_and_says_which_field(String body) throws Exception {
        var answer = push(id, "Bearer " + token(), body);
        assertEquals(422, answer.statusCode());
        assertEquals(true, answer.body().contains("trainerStatus"), answer.body());
    }

    @Test
    void what_is_no_json_is_400_and_what_is_huge_413() throws Exception {
        assertEquals(400, push(id, "Bearer " + token(), "{").statusCode());
        assertEquals(413, push(id, "Bearer " + token(), " ".repeat(70_000)).statusCode());
    }

    @Test
    void a_late_push_of_a_finished_job_is_answered_and_dropped() throws Exception {
        move(new JobState.Done(new io.trainyard.job.Outcome.Succeeded(), SomeJob.NOON), Event.Kind.SUCCEEDED);
        assertEquals(200, push(id, "Bearer " + token(), STATUS).statusCode());
        assertFalse(store.metrics().progress(id).isPresent());
    }

    @Test
    void the_token_stays_the_same_over_a_restart() {
        assertEquals(token(), PushContract.token(Sealer.open(folder.resolve("secrets.key")), id));
    }

    private String token() {
        return PushContract.token(sealer, id);
    }

    private HttpResponse<String> push(JobId job, String authorization, String body) throws Exception {
        return send(PushContract.path(job), authorization, body);
    }

    private HttpResponse<String> push(String path) throws Exception {
        return send(path, "Bearer " + token(), STATUS);
    }

    private HttpResponse<String> send(String path, String authorization, String body)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!authorization.isEmpty()) request.header("Authorization", authorization);
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
