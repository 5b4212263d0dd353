package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in, with what, and how the others are told. */
class DoorTest {
    private static final String JOB = "{\"name\":\"door\",\"model\":{\"name\":\"none\"}}";
    private static final String PROBLEM = "application/problem+json";
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        assertEquals(2, server.get("/api/v1/jobs").json().get("jobs").size(), "only what had the token");
        server.close();
    }

    @Test
    void without_the_token_there_is_nothing_but_health_and_documents() {
        for (String path :
                List.of("jobs", "jobs/x", "jobs/x/logs", "jobs/x/events", "jobs/x/metrics", "events", "none")) {
            var missing = server.send(server.anonymous("GET", "/api/v1/" + path, ""));
            assertEquals(401, missing.status(), path);
            assertEquals("Bearer", missing.header("WWW-Authenticate"));
            var wrong =
                    server.send(server.anonymous("GET", "/api/v1/" + path, "").header("Authorization", "Bearer no"));
            assertEquals(403, wrong.status(), path);
            assertEquals(PROBLEM, wrong.header("Content-Type"));
        }
        for (String path : List.of("/health", "/openapi.json", "/docs"))
            assertEquals(200, server.send(server.anonymous("GET", path, "")).status(), path);
    }

    @Test
    void both_headers_carry_the_token() {
        String token = LiveServer.TOKEN;
        assertEquals(
                201,
                server.send(server.anonymous("POST", "/api/v1/jobs", JOB).header("X-TRAINER-TOKEN", token))
                        .status());
        assertEquals(
                201,
                server.send(server.anonymous("POST", "/api/v1/jobs", JOB).header("Authorization", "bearer  " + token))
                        .status());
        for (String odd : List.of("Basic " + token, "Bearer", "Bearer ", token))
            assertEquals(
                    401,
                    server.send(server.anonymous("POST", "/api/v1/jobs", JOB).header("Authorization", odd))
                            .status(),
                    odd);
    }

    @Test
    void a_wrong_token_is_refused_before_a_huge_or_endless_body_is_read() throws IOException {
        String head = "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n";
        assertTrue(refusal(head + "Content-Length: 9000000000\r\n\r\n{").startsWith("HTTP/1.1 403"));
        assertTrue(refusal(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n")
                .startsWith("HTTP/1.1 403"));
    }

    @Test
    void a_body_beyond_the_limit_is_refused_whether_it_says_its_length_or_not() throws IOException {
        String head =
                "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + LiveServer.TOKEN + "\r\n";
        String declared = refusal(head + "Content-Length: 5242881\r\n\r\n{");
        assertTrue(declared.startsWith("HTTP/1.1 413") && declared.contains(PROBLEM), declared);
        String chunk = "100000\r\n" + " ".repeat(0x100000) + "\r\n";
        String grown = refusal(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk.repeat(6));
        assertTrue(grown.startsWith("HTTP/1.1 413"), grown);
    }

    /** The first answer to bytes that do not end the request; an answer that waits for the rest never comes. */
    private static String refusal(String bytes) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(10_000);
            OutputStream out = socket.getOutputStream();
            out.write(bytes.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            byte[] answer = new byte[1024];
            return new String(answer, 0, socket.getInputStream().read(answer), StandardCharsets.UTF_8);
        }
    }

    @Test
    void what_is_not_here_is_a_problem() {
        for (String path : List.of(
                "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/jobs/x/nothing", "/nothing", "/docs/nothing")) {
            var reply = server.get(path);
            assertEquals(404, reply.status(), path);
            assertEquals(PROBLEM, reply.header("Content-Type"), path);
        }
    }

    @Test
    void another_method_is_refused_with_those_there_are() {
        for (String method : List.of("PUT", "PATCH", "DELETE")) {
            var reply = server.send(server.request(method, "/api/v1/jobs", ""));
            assertEquals(405, reply.status(), method);
            assertEquals(PROBLEM, reply.header("Content-Type"));
            assertEquals(
                    List.of("GET", "POST"),
                    List.of(reply.header("Allow").split(", ")).stream().sorted().toList());
        }
        assertEquals(405, server.post("/api/v1/jobs/x", JOB).status());
        assertEquals(405, server.get("/api/v1/jobs/x/cancel").status());
    }

    @Test
    void the_cancelling_of_many_is_no_job_of_that_name() {
        for (String method : List.of("GET", "DELETE", "OPTIONS", "PUT")) {
            var reply = server.send(server.request(method, "/api/v1/jobs/cancel", ""));
            assertEquals(405, reply.status(), method);
            assertEquals("POST", reply.header("Allow"), method);
        }
    }

    @Test
    void a_body_of_another_kind_is_refused() {
        for (String type : List.of(
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "")) {
            var reply = server.post("/api/v1/jobs?dry_run=true", JOB, "Content-Type", type);
            assertEquals(415, reply.status(), type);
            assertEquals(PROBLEM, reply.header("Content-Type"));
        }
        for (String type :
                List.of("application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"))
            assertEquals(
                    200,
                    server.post("/api/v1/jobs?dry_run=true", JOB, "Content-Type", type)
                            .status(),
                    type);
        assertEquals(200, server.post("/api/v1/jobs?dry_run=true", JOB).status());
    }

    @Test
    void a_request_that_is_none_is_a_problem_too() {
        String end = "\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        for (String request : List.of(
                "GET /api/v1/jobs/%zz HTTP/1.1" + end,
                "GET /api/v1/jobs/%00 HTTP/1.1" + end,
                "GET /" + "a".repeat(20_000) + " HTTP/1.1" + end,
                "GET / HTTP/1.1\r\nX: " + "a".repeat(20_000) + end,
                "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                "nonsense\r\n\r\n")) {
            String reply = server.raw(request);
            assertTrue(reply.startsWith("HTTP/1.1 4") && reply.contains(PROBLEM), reply);
            assertTrue(!reply.contains("<html>"), reply);
        }
    }

    @Test
    void a_foreign_page_is_refused_and_our_own_is_not() {
        String path = "/api/v1/jobs";
        String own = "127.0.0.1:" + server.port();
        assertEquals(200, server.get(path, "Origin", "http://" + own).status());
        for (String origin : List.of(
                "https://evil.example",
                "null",
                "http://127.0.0.1",
                "http://127.0.0.1.evil.example:" + server.port(),
                "%%")) assertEquals(403, server.get(path, "Origin", origin).status(), origin);
    }

    @Test
    void without_a_token_only_known_hosts_are_served(@TempDir Path home) {
        try (var open = LiveServer.withoutToken(home)) {
            for (String host : List.of("localhost", "127.0.0.1", "LOCALHOST:80", "[::1]", "[::1]:4000"))
                assertEquals("200", status(open, host), host);
            for (String host : List.of("evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1:4000"))
                assertEquals("421", status(open, host), host);
        }
    }

    private static String status(LiveServer open, String host) {
        return open.raw("GET /api/v1/jobs HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                .substring(9, 12);
    }
}
