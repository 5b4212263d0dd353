package io.trainyard.backend.cluster;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Optional;

/** Takes the lines of a log apart, each a time, a blank, and what was printed, and keeps what is new of them. */
final class PodLogLines {
    private final PodLogFile file;
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private final StringBuilder stamp = new StringBuilder();
    private final PodLogFile.Cursor before;
    private PodLogFile.Cursor cursor;
    private int skipped;
    private int skippedAtLast;
    private int partial;
    private boolean inText;
    private boolean atLast;
    private boolean skipping;
    private int toSkip;

    PodLogLines(PodLogFile file) {
        this.file = file;
        this.before = file.cursor();
        this.cursor = before;
        this.partial = before.partialBytes();
    }

    void take(byte[] block, int length) {
        for (int i = 0; i < length; i++) {
            byte each = block[i];
            if (!inText) {
                if (each == ' ' || each == '\n') begin();
                else stamp.append((char) each);
                if (each != '\n') continue;
            }
            if (each == '\n') end();
            else if (!skipping) printed(each);
        }
    }

    private void begin() {
        inText = true;
        Optional<Instant> at = Times.of(Api.JSON.valueToTree(stamp.toString()));
        boolean tie = at.isPresent() && at.equals(before.last());
        boolean old = at.filter(time -> !before.last().map(time::isAfter).orElse(true))
                .isPresent();
        skipping = old && skipped < before.lines() && (!tie || skippedAtLast < before.linesAtLast());
        if (skipping) {
            if (tie) skippedAtLast++;
            return;
        }
        if (partial > 0 && !old) rotatedAway();
        // The one that was cut in its middle comes again from its beginning.
        toSkip = partial;
        if (partial == 0) cursor = cursor.at(at);
        partial = 0;
        atLast = at.isPresent() && at.equals(cursor.last());
    }

    /** What is left of the line that was cut in its middle cannot be read any more. */
    private void rotatedAway() {
        partial = 0;
        text.write('\n');
        cursor = cursor.ended(true);
    }

    private void printed(byte each) {
        if (toSkip > 0) {
            toSkip--;
            return;
        }
        text.write(each);
        cursor = cursor.grown();
    }

    private void end() {
        if (skipping) skipped++;
        else {
            text.write('\n');
            cursor = cursor.ended(atLast);
        }
        inText = false;
        skipping = false;
        toSkip = 0;
        stamp.setLength(0);
    }

    void keep() {
        if (text.size() == 0) return;
        file.append(text.toByteArray(), cursor);
        text.reset();
    }
}
