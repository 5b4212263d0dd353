package io.trainyard.crash;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code strace -f -y -x} saw of writes, syncs and truncations. A line is written when a call begins or ends, so
 * the numbers of the lines say what came before what.
 */
record Trace(List<Call> calls) {
    /** Writes of whole pages must not be cut. */
    static final String MOST_BYTES = "65536";

    static final String CALLS = "trace=pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate";

    private static final Pattern LINE = Pattern.compile("^(\\d+) +(<\\.\\.\\. )?(\\w+)(\\(| resumed>)(.*)$");
    private static final Pattern FILE = Pattern.compile("^\\d+<(.*?)>[,) ]");
    private static final Pattern END = Pattern.compile("(?:, (\\d+))?\\) += (-?\\d+)[^=]*$");
    private static final String UNFINISHED = " <unfinished ...>";

    /**
     * @param begun line at which it was entered
     * @param ended line at which it returned; beyond all lines when it never did
     * @param number the last argument: the offset of a {@code pwrite64}, the length of an {@code ftruncate}
     */
    record Call(String name, String file, int begun, int ended, long number, byte[] bytes) {
        boolean sync() {
            return name.endsWith("sync");
        }

        boolean write() {
            return name.startsWith("pwrite");
        }

        boolean truncation() {
            return name.equals("ftruncate");
        }

        boolean of(Path wanted) {
            return file.equals(wanted.toString());
        }

        String text() {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    private record Open(int begun, String text) {}

    static Trace read(Path file) throws IOException {
        var calls = new ArrayList<Call>();
        Map<String, Open> open = new HashMap<>();
        int number = 0;
        try (var lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                Matcher parts = LINE.matcher(line);
                if (!parts.matches()) continue;
                String thread = parts.group(1);
                Open before = parts.group(2) == null ? new Open(number, "") : open.remove(thread);
                if (before == null) continue; // begun before it was traced
                String text = before.text() + parts.group(5);
                if (text.endsWith(UNFINISHED))
                    open.put(thread, new Open(number, text.substring(0, text.length() - UNFINISHED.length())));
                else calls.add(call(parts.group(3), text, before.begun(), number));
            }
        }
        // Cut off by the kill: begun and never known to have ended.
        return new Trace(calls);
    }

    private static Call call(String name, String text, int begun, int ended) {
        Matcher file = FILE.matcher(text);
        var bytes = new ByteArrayOutputStream();
        int rest = strings(text, bytes);
        Matcher end = END.matcher(text.substring(rest));
        boolean known = end.find();
        if (!known || end.group(2).startsWith("-")) return new Call("failed", "", begun, ended, 0, new byte[0]);
        long number = end.group(1) == null ? -1 : Long.parseLong(end.group(1));
        if (name.startsWith("pwrite") && Integer.parseInt(end.group(2)) != bytes.size())
            throw new IllegalStateException("a write was traced in part only: " + text.substring(rest));
        return new Call(name, file.find() ? file.group(1) : "", begun, ended, number, bytes.toByteArray());
    }

    /** Unescapes all that stands in quotes. @return the index behind the last quote, 0 when there is none */
    private static int strings(String text, ByteArrayOutputStream to) {
        int end = 0;
        for (int at = text.indexOf('"'); at >= 0; at = text.indexOf('"', end)) {
            int i = at + 1;
            while (text.charAt(i) != '"') {
                char c = text.charAt(i);
                if (c != '\\') to.write(c);
                else if (text.charAt(i + 1) == 'x') {
                    to.write(Integer.parseInt(text, i + 2, i + 4, 16));
                    i += 3;
                } else to.write(escaped(text.charAt(++i)));
                i++;
            }
            end = i + 1;
        }
        return end;
    }

    private static char escaped(char c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'v' -> '\u000b';
            case '"', '\\' -> c;
            default -> throw new IllegalStateException("an escape that is not known: \\" + c);
        };
    }
}
