package io.trainyard.backend.local;

import io.trainyard.backend.Backend;
import io.trainyard.backend.LogSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/** The two raw files of an attempt. A gang writes into them through torchrun, so there is one rank to read. */
record LocalLogs(Folder folder) implements LogSource {
    @Override
    public List<Part> parts() {
        return List.of(new Part(0, Stream.STDOUT), new Part(0, Stream.STDERR));
    }

    @Override
    public Chunk read(Part part, long position, int maxBytes) {
        try (var file = FileChannel.open(file(part.stream()), StandardOpenOption.READ)) {
            var bytes = new byte[(int) Math.clamp(file.size() - position, 0L, maxBytes)];
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining() && file.read(buffer, position + buffer.position()) >= 0) {}
            return new Chunk(Arrays.copyOf(bytes, buffer.position()), position + buffer.position());
        } catch (NoSuchFileException notThereYetOrReleased) {
            return new Chunk(new byte[0], position);
        } catch (IOException e) {
            throw new Backend.Unreachable("cannot read the output of " + folder.path(), e);
        }
    }

    /** With the output goes the push token: both hold what nobody shall read later. */
    @Override
    public void release() {
        try {
            for (Path file : folder.confidential()) Files.deleteIfExists(file);
        } catch (IOException | UncheckedIOException e) {
            throw new Backend.Unreachable("cannot delete the output in " + folder.path(), e);
        }
    }

    private Path file(Stream stream) {
        return switch (stream) {
            case STDOUT -> folder.stdout();
            case STDERR -> folder.stderr();
        };
    }
}
