package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.webhook.AddressPolicy.Private;
import io.trainyard.webhook.Receiver.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One post at a time against real receivers, well-behaved and other. */
@Timeout(60)
class SenderTest {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final byte[] BODY = "{}".getBytes(StandardCharsets.UTF_8);

    private static Reply send(Sender sender, String url) {
        var reply = new CompletableFuture<Reply>();
        new Lanes(() -> Instant.EPOCH).submit("http://a", false, slot -> {
            try {
                reply.complete(sender.send(Target.of(url), Map.of("X-Test", "y"), BODY, slot));
            } catch (Target.Unusable | RuntimeException failed) {
                reply.completeExceptionally(failed);
            }
        });
        return reply.join();
    }

    private static Sender sender(Private privates, Names names) {
        return new Sender(new AddressPolicy(privates), names, "Test/1", SHORT);
    }

    private static String why(Reply reply) {
        return assertInstanceOf(Reply.Unanswered.class, reply).why();
    }

    @Test
    void a_name_is_connected_to_by_the_address_that_was_judged_and_keeps_its_name_in_the_host_header() {
        try (var receiver = Receiver.content();
                var sender = sender(Private.ALLOW, _ -> List.of(InetAddress.getLoopbackAddress()))) {
            for (String host : List.of("hook.example.com", "my-studio"))
                assertInstanceOf(
                        Reply.Answered.class,
                        send(sender, "http://" + host + ":" + receiver.port() + "/a?b=%2F"),
                        host);
            assertEquals("/a?b=%2F", receiver.told().getFirst().path());
            assertEquals(
                    "hook.example.com:" + receiver.port(),
                    receiver.told().getFirst().header("host"));
        }
    }

    @Test
    void a_name_that_changes_its_mind_is_judged_anew_at_each_connection() {
        var asked = new AtomicInteger();
        Names rebinding = _ -> List.of(
                asked.getAndIncrement() == 0
                        ? InetAddress.ofLiteral("127.0.0.1")
                        : InetAddress.ofLiteral("169.254.169.254"));
        try (var receiver = Receiver.answering(_ -> new Answer(200, "", Map.of("Connection", "close")));
                var sender = sender(Private.ALLOW, rebinding)) {
            String url = "http://hook.example.com:" + receiver.port() + "/";
            assertInstanceOf(Reply.Answered.class, send(sender, url));
            var forbidden = assertInstanceOf(Reply.Forbidden.class, send(sender, url));
            assertTrue(forbidden.why().startsWith("169.254.169.254 is link-local"), forbidden.why());
            assertEquals(1, receiver.told().size());
        }
    }

    @Test
    void in_strict_mode_a_public_name_with_a_private_address_is_not_connected_to() {
        try (var receiver = Receiver.content();
                var sender = sender(Private.REFUSE, _ -> List.of(InetAddress.getLoopbackAddress()))) {
            assertInstanceOf(Reply.Forbidden.class, send(sender, "http://hook.example.com:" + receiver.port() + "/"));
            assertInstanceOf(Reply.Forbidden.class, send(sender, receiver.url("/")));
            assertEquals(List.of(), receiver.told());
        }
    }

    @Test
    void whoever_cannot_be_reached_is_told_of_in_a_sentence() throws IOException {
        Names names = host -> {
            if (host.equals("nowhere.example.com")) throw new UnknownHostException(host);
            return List.of(InetAddress.getLoopbackAddress());
        };
        int closed;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        try (var sender = sender(Private.ALLOW, names);
                var hanging = Receiver.answering(_ -> {
                    Receiver.pause(5000);
                    return Answer.OK;
                })) {
            assertEquals("the connection was refused", why(send(sender, "http://127.0.0.1:" + closed + "/")));
            assertEquals(
                    "the name is not known: nowhere.example.com", why(send(sender, "http://nowhere.example.com/")));
            assertTrue(why(send(sender, hanging.url("/"))).startsWith("no answer within"));
        }
    }

    @Test
    void an_answer_without_end_costs_no_more_than_its_limit_and_counts_by_its_status() throws IOException {
        try (var socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                var sender = sender(Private.ALLOW, Names.SYSTEM)) {
            Thread.ofVirtual().start(() -> flood(socket));
            var reply = send(sender, "http://127.0.0.1:" + socket.getLocalPort() + "/");
            var answered = assertInstanceOf(Reply.Answered.class, reply);
            assertEquals(200, answered.status());
            assertTrue(answered.text().length() <= Sender.MAX_SHOWN_BYTES);
        }
    }

    private static void flood(ServerSocket socket) {
        try (Socket client = socket.accept()) {
            client.getOutputStream()
                    .write("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            byte[] much = new byte[8192];
            java.util.Arrays.fill(much, (byte) 'x');
            while (true) client.getOutputStream().write(much);
        } catch (IOException cutOff) {
            // As it should be.
        }
    }

    @Test
    void a_drip_that_never_ends_is_cut_off_at_the_time_limit() throws IOException {
        try (var socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                var sender = sender(Private.ALLOW, Names.SYSTEM)) {
            Thread.ofVirtual().start(() -> drip(socket));
            long began = System.nanoTime();
            assertEquals("no answer within 1 s", why(send(sender, "http://127.0.0.1:" + socket.getLocalPort() + "/")));
            assertTrue(Duration.ofNanos(System.nanoTime() - began).compareTo(Duration.ofSeconds(5)) < 0);
        }
    }

    private static void drip(ServerSocket socket) {
        try (Socket client = socket.accept()) {
            for (int i = 0; i < 1000; i++) {
                client.getOutputStream()
                        .write(
                                i == 0
                                        ? "HTTP/1.1 200 OK\r\nX: ".getBytes(StandardCharsets.US_ASCII)
                                        : new byte[] {'x'});
                client.getOutputStream().flush();
                Receiver.pause(100);
            }
        } catch (IOException cutOff) {
            // As it should be.
        }
    }
}
