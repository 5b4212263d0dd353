package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What a job leaves: its log as a file, its curves, its files and checkpoints. A process of this machine leaves them. */
class KeptTest {
    private static final String JOBS = "/api/v1/jobs/";
    private static LiveServer server;

    @TempDir
    static Path home;

    /** A finished job that printed three lines and 1000 steps. */
    private static String job = "";

    @BeforeAll
    static void start() {
        server = LiveServer.start(home);
        job = finished(
                "echo 'größer 🚂'; echo two; echo three >&2; i=0; while [ $i -lt 1000 ]; do i=$((i+1));"
                        + " echo '{\\\"event\\\":\\\"step\\\",\\\"step\\\":'$i',\\\"loss\\\":'$((i % 97))'}'; done",
                "");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String finished(String shell, String more) {
        String id = server.job("{\"name\":\"kept\",\"framework\":\"custom\",\"placement\":{\"backends\":[\"local\"]},"
                + "\"container\":{\"command\":[\"sh\",\"-c\",\"" + shell + "\"]}" + more + "}");
        server.await(id, "succeeded");
        return id;
    }

    private static JsonNode get(String path) {
        var reply = server.get(JOBS + path);
        assertEquals(200, reply.status(), reply.text());
        return reply.json();
    }

    @Test
    void a_log_is_downloaded_as_a_file_whole_or_from_a_line_on() {
        var reply = server.get(JOBS + job + "/logs/download");
        assertEquals(200, reply.status());
        assertEquals("text/plain;charset=utf-8", reply.header("Content-Type").toLowerCase(Locale.ROOT));
        assertEquals("attachment; filename=\"" + job + ".log\"", reply.header("Content-Disposition"));
        assertEquals(
                get(job + "/logs?limit=10000")
                        .get("lines")
                        .valueStream()
                        .map(line -> line.get("text").stringValue())
                        .toList(),
                reply.text().lines().toList());
        assertTrue(reply.text().contains("größer 🚂\n"), "characters of more than one byte");
        assertEquals(
                2,
                server.get(JOBS + job + "/logs/download?tail=2").text().lines().count());
        assertEquals("", server.get(JOBS + job + "/logs/download?from=999999").text());
        assertEquals(422, server.get(JOBS + job + "/logs/download?from=0").status());
        assertEquals(404, server.get(JOBS + "nothing/logs/download").status());
    }

    @Test
    void a_page_of_long_lines_ends_early_and_the_next_goes_on() {
        String id = finished(
                "i=0; while [ $i -lt 150 ]; do i=$((i+1)); head -c 60000 /dev/zero | tr '\\\\0' x; echo; done", "");
        var numbers = new ArrayList<Integer>();
        long next = 1;
        int pages = 0;
        while (true) {
            JsonNode page = get(id + "/logs?limit=10000&from=" + next);
            if (page.get("lines").isEmpty()) break;
            page.get("lines").forEach(line -> numbers.add(line.get("number").intValue()));
            next = page.get("next").longValue();
            pages++;
        }
        assertEquals(150, numbers.size());
        assertEquals(numbers.stream().sorted().distinct().toList(), numbers);
        assertTrue(pages > 1, "9 MB came in one page");
    }

    @Test
    void a_series_is_read_page_by_page() {
        JsonNode whole = get(job + "/metrics?name=loss").at("/series/0");
        assertEquals(1000, whole.get("points").size());
        assertTrue(whole.get("next").isNull());
        var read = new ArrayList<JsonNode>();
        String after = "";
        while (after != null) {
            JsonNode page = get(job + "/metrics?name=loss&limit=300" + after).at("/series/0");
            page.get("points").forEach(read::add);
            after = page.get("next").isNull()
                    ? null
                    : "&after=" + page.get("next").stringValue();
        }
        assertEquals(whole.get("points").valueStream().toList(), read);
    }

    @Test
    void a_series_is_thinned_with_its_peaks_kept() {
        JsonNode points = get(job + "/metrics?name=loss&points=40").at("/series/0/points");
        assertTrue(points.size() <= 40 && points.size() > 10, points.size() + " points");
        var values =
                points.valueStream().map(point -> point.get("value").intValue()).toList();
        assertTrue(values.contains(0) && values.contains(96), values.toString());
        assertEquals(1, points.get(0).get("step").intValue());
        assertEquals(1000, points.get(points.size() - 1).get("step").intValue());
    }

    @Test
    void odd_wishes_for_a_series_are_refused_by_name() {
        for (String query : List.of(
                "points=3",
                "points=10001",
                "points=x",
                "limit=0",
                "limit=100001",
                "after=a1-5",
                "after=x&name=loss",
                "limit=5&points=5",
                "after=a1-5&name=loss&points=5")) {
            var reply = server.get(JOBS + job + "/metrics?" + query);
            assertEquals(422, reply.status(), query);
            assertTrue(reply.json().get("detail").stringValue().startsWith(query.split("=", 2)[0] + ":"), reply.text());
        }
    }

    @Test
    void files_are_listed_in_the_jobs_own_folder_and_no_link_leads_out_of_it() {
        String id = finished(
                "mkdir -p ../../output/deep && echo hello > ../../output/deep/model.bin && ln -s /etc ../../output/etc"
                        + " && ln -s /etc/passwd ../../output/passwd",
                "");
        JsonNode answer = get(id + "/artifacts");
        assertTrue(answer.get("location").stringValue().endsWith(id + "/output"), answer.toString());
        assertTrue(answer.get("note").isNull());
        assertEquals(1, answer.get("files").size(), answer.toString());
        assertEquals("deep/model.bin", answer.at("/files/0/path").stringValue());
        assertEquals(6, answer.at("/files/0/bytes").intValue());
        assertEquals(0, get(job + "/artifacts").get("files").size());
        String outside = finished(
                "mkdir -p ../../../other && echo x > ../../../other/secret"
                        + " && ln -s \\\"$PWD/../../../other\\\" ../../output",
                "");
        assertEquals(0, get(outside + "/artifacts").get("files").size());
    }

    @Test
    void checkpoints_are_listed_and_one_without_a_manifest_is_not_complete() {
        Path place = home.resolve("somewhere");
        String id = finished(
                "mkdir -p " + place + "/checkpoint-100 " + place + "/checkpoint-200; cd " + place
                        + "; echo abc > checkpoint-100/w; echo {} > step-100.json; echo abcd > checkpoint-200/w",
                ",\"checkpoints\":{\"uri\":\"" + place + "\"}");
        JsonNode answer = get(id + "/checkpoints");
        assertEquals(
                List.of(200, 100),
                answer.get("checkpoints")
                        .valueStream()
                        .map(one -> one.get("step").intValue())
                        .toList());
        assertFalse(answer.at("/checkpoints/0/complete").booleanValue());
        assertTrue(answer.at("/checkpoints/0/saved_at").isNull());
        assertTrue(answer.at("/checkpoints/1/complete").booleanValue());
        assertEquals(4, answer.at("/checkpoints/1/bytes").intValue());
    }

    @Test
    void a_place_that_is_not_ours_is_named_and_not_looked_into() {
        String id = finished("true", ",\"outputs\":{\"uri\":\"s3://bucket/out\"}");
        JsonNode answer = get(id + "/artifacts");
        assertEquals("s3://bucket/out", answer.get("location").stringValue());
        assertTrue(answer.get("files").isNull() && answer.get("note").isString(), answer.toString());
    }
}
