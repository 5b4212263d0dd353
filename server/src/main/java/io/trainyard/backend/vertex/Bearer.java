package io.trainyard.backend.vertex;

import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.GoogleCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The token that calls show: from the given file, or found as Google's own tools find it. */
final class Bearer {
    private static final String SCOPE = "https://www.googleapis.com/auth/cloud-platform";

    private final Optional<Path> file;
    private Optional<GoogleCredentials> credentials = Optional.empty();

    Bearer(Optional<Path> file) {
        this.file = file;
    }

    /** @param afresh because the last one was not taken */
    synchronized String token(boolean afresh) throws IOException {
        if (credentials.isEmpty()) credentials = Optional.of(load().createScoped(SCOPE));
        GoogleCredentials source = credentials.get();
        if (afresh) source.refresh();
        else source.refreshIfExpired();
        AccessToken token = source.getAccessToken();
        if (token == null) throw new IOException("the credentials gave none");
        return token.getTokenValue();
    }

    private GoogleCredentials load() throws IOException {
        if (file.isEmpty()) return GoogleCredentials.getApplicationDefault();
        try (var stream = Files.newInputStream(file.get())) {
            return GoogleCredentials.fromStream(stream);
        }
    }
}
