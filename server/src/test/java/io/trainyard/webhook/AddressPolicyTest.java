package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.webhook.AddressPolicy.Private;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.eclipse.jetty.util.Promise;
import org.junit.jupiter.api.Test;

/** Every address of the corpus is judged as its line says, in both settings. */
class AddressPolicyTest {
    private record Line(String word, String url, List<InetAddress> addresses) {}

    private static final AddressPolicy LENIENT = new AddressPolicy(Private.ALLOW);
    private static final AddressPolicy STRICT = new AddressPolicy(Private.REFUSE);

    private static List<Line> corpus() throws IOException {
        try (var in = AddressPolicyTest.class.getResourceAsStream("/webhook/urls.txt")) {
            if (in == null) throw new IllegalStateException("no corpus");
            var lines = new ArrayList<Line>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1))
                if (!line.isEmpty() && !line.startsWith("#")) lines.add(line(unescaped(line)));
            return lines;
        }
    }

    private static String unescaped(String line) {
        return line.replace("\\u00a0", "\u00a0").replace("\\u007f", "\u007f").translateEscapes();
    }

    private static Line line(String text) {
        int space = text.indexOf(' ');
        String word = text.substring(0, space);
        String rest = text.substring(space + 1);
        int arrow = rest.indexOf(" => ");
        if (arrow < 0) return new Line(word, rest, List.of());
        var addresses = Stream.of(rest.substring(arrow + 4).split(",", -1))
                .map(InetAddress::ofLiteral)
                .toList();
        return new Line(word, "http://" + rest.substring(0, arrow) + "/", addresses);
    }

    @Test
    void every_url_of_the_corpus_is_judged_as_it_says() throws IOException {
        var wrong = new ArrayList<String>();
        int hostile = 0;
        for (Line line : corpus()) {
            boolean lenient = allowed(LENIENT, line);
            boolean strict = allowed(STRICT, line);
            boolean asItSays = switch (line.word()) {
                case "never", "malformed" -> !lenient && !strict;
                case "private" -> lenient && !strict;
                case "fine" -> lenient && strict;
                default -> throw new IllegalStateException("no such word: " + line);
            };
            if (!asItSays) wrong.add(line + " lenient " + lenient + " strict " + strict);
            if (!line.word().equals("fine")) hostile++;
        }
        assertEquals(List.of(), wrong);
        assertTrue(hostile >= 150, hostile + " hostile ones");
    }

    private static boolean allowed(AddressPolicy policy, Line line) {
        if (policy.objection(line.url()).isPresent()) return false;
        return line.addresses().isEmpty() || resolved(policy, line) instanceof List<?>;
    }

    /** The addresses that would be connected to, or why there are none. */
    private static Object resolved(AddressPolicy policy, Line line) {
        var answer = new CompletableFuture<Object>();
        try (var lookup = new Lookup(policy, _ -> line.addresses())) {
            lookup.resolve("hook.example.com", 80, Map.of(), new Promise<List<InetSocketAddress>>() {
                @Override
                public void succeeded(List<InetSocketAddress> found) {
                    answer.complete(found);
                }

                @Override
                public void failed(Throwable why) {
                    answer.complete(why);
                }
            });
            return answer.join();
        }
    }

    @Test
    void whatever_form_is_malformed_is_refused_by_its_form_and_not_by_chance() throws IOException {
        for (Line line : corpus()) {
            if (!line.word().equals("malformed")) continue;
            String why = LENIENT.objection(line.url()).orElse("");
            assertTrue(!why.contains("metadata") && !why.contains("internet"), line + ": " + why);
        }
    }

    @Test
    void what_dns_says_is_judged_and_that_very_address_is_connected_to() {
        var line = new Line("fine", "http://hook.example.com/", List.of(InetAddress.ofLiteral("93.184.216.34")));
        assertEquals(List.of(new InetSocketAddress(line.addresses().getFirst(), 80)), resolved(STRICT, line));
        var evil = new Line("never", line.url(), List.of(InetAddress.ofLiteral("169.254.169.254")));
        assertInstanceOf(Lookup.ForbiddenAddress.class, resolved(LENIENT, evil));
    }

    @Test
    void an_objection_says_what_to_do() {
        assertEquals(
                Optional.of("10.0.0.1 is not on the internet: this server tells public addresses only"
                        + " (trainyard.webhooks.private-addresses)"),
                STRICT.objection("http://10.0.0.1/"));
        assertEquals(
                Optional.of("write the address as four decimal numbers, as in 192.0.2.1"),
                LENIENT.objection("http://2130706433/"));
    }
}
