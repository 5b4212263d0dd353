package io.trainyard.store;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Points and log lines as bytes. A chunk is open first: entries one after the other, so that the next is appended
 * without reading what is there. Sealed, it is compressed and stays as it is.
 */
final class Packing {
    private static final int POINT_BYTES = 3 * Long.BYTES;

    private Packing() {}

    /** Points lie by columns when sealed: steps and moments as differences, which compress to almost nothing. */
    static byte[] sealPoints(byte[] open) {
        int count = open.length / POINT_BYTES;
        var rows = ByteBuffer.wrap(open);
        var columns = ByteBuffer.allocate(open.length);
        for (int column = 0; column < 3; column++) {
            long last = 0;
            for (int i = 0; i < count; i++) {
                long value = rows.getLong(i * POINT_BYTES + column * Long.BYTES);
                columns.putLong(value - last);
                last = value;
            }
        }
        return deflate(columns.array());
    }

    static byte[] openPoints(byte[] sealed) {
        byte[] columns = inflate(sealed);
        int count = columns.length / POINT_BYTES;
        var from = ByteBuffer.wrap(columns);
        var rows = ByteBuffer.allocate(columns.length);
        for (int column = 0; column < 3; column++) {
            long value = 0;
            for (int i = 0; i < count; i++) {
                value += from.getLong();
                rows.putLong(i * POINT_BYTES + column * Long.BYTES, value);
            }
        }
        return rows.array();
    }

    static int count(byte[] openPoints) {
        return openPoints.length / POINT_BYTES;
    }

    static byte[] points(List<Metrics.Point> points) {
        var bytes = ByteBuffer.allocate(points.size() * POINT_BYTES);
        for (var point : points)
            bytes.putLong(point.step())
                    .putLong(Session.nanos(point.at()))
                    .putLong(Double.doubleToRawLongBits(point.value()));
        return bytes.array();
    }

    static List<Metrics.Point> points(byte[] open, String name, int attempt) {
        var bytes = ByteBuffer.wrap(open);
        var points = new ArrayList<Metrics.Point>(open.length / POINT_BYTES);
        while (bytes.hasRemaining()) {
            long step = bytes.getLong();
            long at = bytes.getLong();
            double value = Double.longBitsToDouble(bytes.getLong());
            points.add(new Metrics.Point(name, attempt, step, value, Session.instant(at)));
        }
        return points;
    }

    static byte[] line(Logs.Source source, Logs.NewLine line) {
        byte[] stream = source.stream().getBytes(StandardCharsets.UTF_8);
        byte[] text = line.text().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 * Integer.BYTES + Long.BYTES + stream.length + text.length)
                .putLong(Session.nanos(line.at()))
                .putInt(source.attempt())
                .putInt(source.rank())
                .putInt(stream.length)
                .putInt(text.length)
                .put(stream)
                .put(text)
                .array();
    }

    static List<Logs.Line> lines(byte[] open, long first) {
        var bytes = ByteBuffer.wrap(open);
        var lines = new ArrayList<Logs.Line>();
        while (bytes.hasRemaining()) {
            long at = bytes.getLong();
            int attempt = bytes.getInt();
            int rank = bytes.getInt();
            byte[] stream = new byte[bytes.getInt()];
            byte[] text = new byte[bytes.getInt()];
            bytes.get(stream).get(text);
            lines.add(new Logs.Line(
                    first + lines.size(),
                    Session.instant(at),
                    attempt,
                    rank,
                    new String(stream, StandardCharsets.UTF_8),
                    new String(text, StandardCharsets.UTF_8)));
        }
        return lines;
    }

    static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    static byte[] deflate(byte[] bytes) {
        try (var deflater = new Deflater(Deflater.BEST_SPEED)) {
            deflater.setInput(bytes);
            deflater.finish();
            var out = new ByteArrayOutputStream(bytes.length / 3 + Long.BYTES);
            byte[] buffer = new byte[8192];
            while (!deflater.finished()) out.write(buffer, 0, deflater.deflate(buffer));
            return out.toByteArray();
        }
    }

    static byte[] inflate(byte[] bytes) {
        try (var inflater = new Inflater()) {
            inflater.setInput(bytes);
            var out = new ByteArrayOutputStream(bytes.length * 4);
            byte[] buffer = new byte[8192];
            while (!inflater.finished()) {
                int count = inflater.inflate(buffer);
                if (count == 0 && inflater.needsInput()) throw new DataFormatException("a chunk ends early");
                out.write(buffer, 0, count);
            }
            return out.toByteArray();
        } catch (DataFormatException broken) {
            throw new Store.StoreException("a stored chunk is damaged", broken);
        }
    }
}
