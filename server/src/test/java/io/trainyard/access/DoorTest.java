package io.trainyard.access;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.javalin.Javalin;
import io.trainyard.http.Problem;
import io.trainyard.http.Refusal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Over a socket of its own: no HTTP client lets a test say any Host and Origin it likes. */
class DoorTest {
    private Javalin open;
    private Javalin guarded;

    @BeforeEach
    void start() {
        open = server(new Tokens(Optional.empty()));
        guarded = server(new Tokens(Optional.of("token")));
    }

    private static Javalin server(Tokens tokens) {
        return Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    new Door(tokens, List.of("Trainyard.Example")).mount(config.routes);
                    config.routes.get("/", context -> context.result("welcome"));
                    config.routes.exception(
                            Refusal.class,
                            (refusal, context) -> Problem.of(refusal.status(), refusal.message())
                                    .write(context));
                })
                .start("127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        open.stop();
        guarded.stop();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"localhost", "127.0.0.1:4000", "[::1]:4000", "[::1]", "LOCALHOST:1", "trainyard.example:80"})
    void hosts_that_are_ours_are_served(String host) throws IOException {
        assertEquals(200, status(open, "Host: " + host));
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "localhost.evil.example", "10.0.0.1:4000", "evil.example:4000"})
    void an_unknown_host_is_421_unless_a_token_guards_the_server(String host) throws IOException {
        assertEquals(421, status(open, "Host: " + host));
        assertEquals(200, status(guarded, "Host: " + host));
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:4000, http://localhost:4000, 200",
        "localhost:4000, HTTP://LOCALHOST:4000, 200",
        "localhost:4000, http://localhost:3000, 403",
        "localhost:4000, https://evil.example, 403",
        "localhost:4000, null, 403",
        "localhost:4000, http://localhost:4000.evil.example, 403",
        "localhost:4000, http://a b, 403"
    })
    void only_pages_of_our_own_may_ask_with_a_token_or_without(String host, String origin, int status)
            throws IOException {
        assertEquals(status, status(open, "Host: " + host, "Origin: " + origin));
        assertEquals(status, status(guarded, "Host: " + host, "Origin: " + origin));
    }

    @Test
    void who_is_no_web_page_has_no_origin_and_is_served() throws IOException {
        assertEquals(200, status(open, "Host: localhost"));
    }

    private static int status(Javalin server, String... headers) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String request = "GET / HTTP/1.1\r\n" + String.join("\r\n", headers) + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            return Integer.parseInt(answer.split(" ", 3)[1]);
        }
    }
}
