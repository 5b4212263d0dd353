package io.trainyard.logs;

import io.trainyard.secrets.Mask;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts the lines of one stream together from reads that may be cut anywhere, within a character or within a secret, and
 * masks them whole. Knows up to which source position its lines reach, so that a crash loses and doubles nothing.
 */
final class LineCutter {
    /** A line without end is cut into pieces of this size; a secret across the cut is met by {@link #piece}. */
    static final int MAX_LINE_BYTES = 64 * 1024;

    private static final int OVERLAP_BYTES = 8 * 1024;
    private static final int MAX_CHARACTER_BYTES = 4;

    private final Mask mask;
    private final ByteArrayOutputStream rest = new ByteArrayOutputStream();
    private long position;

    LineCutter(Mask mask, long position) {
        this.mask = mask;
        this.position = position;
    }

    /** The source position behind the last line given out. */
    long position() {
        return position;
    }

    /** The source position to read on from. */
    long readPosition() {
        return position + rest.size();
    }

    /** Whole lines so far; what has no end yet is kept. */
    List<String> add(byte[] bytes) {
        var lines = new ArrayList<String>();
        int from = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '\n') continue;
            rest.write(bytes, from, i - from);
            pieces(lines);
            lines.add(line(1));
            from = i + 1;
        }
        rest.write(bytes, from, bytes.length - from);
        pieces(lines);
        return lines;
    }

    /** Also of a line whose end has come: the lines shall not depend on how the reads were cut. */
    private void pieces(List<String> lines) {
        while (rest.size() > MAX_LINE_BYTES + OVERLAP_BYTES) lines.add(piece());
    }

    /** The last line, when the source has ended without a line end. */
    List<String> end() {
        return rest.size() == 0 ? List.of() : List.of(line(0));
    }

    private String line(int lineEndBytes) {
        byte[] bytes = rest.toByteArray();
        rest.reset();
        position += bytes.length + lineEndBytes;
        int length = bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
        return mask.apply(new String(bytes, 0, length, StandardCharsets.UTF_8));
    }

    /** Cuts before a character and before a secret that begins ahead of the cut. What is no text is cut as well. */
    private String piece() {
        byte[] bytes = rest.toByteArray();
        int cut = MAX_LINE_BYTES;
        for (int back = 0; back < MAX_CHARACTER_BYTES - 1 && (bytes[cut] & 0xC0) == 0x80; back++) cut--;
        cut = mask.cutBefore(bytes, cut);
        rest.reset();
        rest.write(bytes, cut, bytes.length - cut);
        position += cut;
        return mask.apply(new String(bytes, 0, cut, StandardCharsets.UTF_8));
    }
}
