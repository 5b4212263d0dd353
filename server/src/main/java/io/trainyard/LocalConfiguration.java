package io.trainyard;

import io.trainyard.backend.local.LocalSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The settings of processes on this machine. */
final class LocalConfiguration {
    private final Configuration all;

    LocalConfiguration(Configuration all) {
        this.all = all;
    }

    LocalSettings settings() {
        return new LocalSettings(
                all.home(),
                Path.of(all.text(Setting.LOCAL_TRAINER)),
                () -> all.some(Setting.LOCAL_PYTHON),
                new LocalSettings.Limits(
                        optional(Setting.LOCAL_CPUS),
                        optional(Setting.LOCAL_MEMORY_GIB).map(gib -> (long) gib << 30),
                        gpus(),
                        optional(Setting.LOCAL_SLOTS).orElse(Integer.MAX_VALUE),
                        oversize()),
                all.flag(Setting.LOCAL_ALLOW_COMMANDS),
                new LocalSettings.Script(
                        all.some(Setting.LOCAL_SCRIPT).map(Path::of), all.some(Setting.LOCAL_SCRIPT_PYTHON)),
                all.list(Setting.LOCAL_PASS_ON),
                warmTrainers());
    }

    /** Names of Python environments. */
    private Set<String> warmTrainers() {
        var known = LocalSettings.ENVIRONMENTS;
        if (all.text(Setting.WARM_TRAINERS).equals("off")) return Set.of();
        if (all.text(Setting.WARM_TRAINERS).equals("on")) return Set.copyOf(known);
        var named = Set.copyOf(all.list(Setting.WARM_TRAINERS));
        if (!named.isEmpty() && known.containsAll(named)) return named;
        throw all.nonsense(
                Setting.WARM_TRAINERS, "off, on, or some of " + String.join(", ", known) + " (meta is in hf)");
    }

    private Optional<Integer> optional(Setting setting) {
        return all.some(setting).map(_ -> all.whole(setting, 1, 1 << 24));
    }

    private Optional<List<Integer>> gpus() {
        if (all.text(Setting.LOCAL_GPUS).equals("none")) return Optional.of(List.of());
        try {
            var gpus = all.some(Setting.LOCAL_GPUS)
                    .map(_ -> all.list(Setting.LOCAL_GPUS).stream()
                            .map(Integer::valueOf)
                            .toList());
            // An index named twice would be handed out twice.
            if (gpus.stream().flatMap(List::stream).allMatch(gpu -> gpu >= 0)
                    && gpus.stream().allMatch(list -> Set.copyOf(list).size() == list.size())) return gpus;
        } catch (NumberFormatException notANumber) {
            // Refused below, together with what makes no sense as an index.
        }
        throw all.nonsense(Setting.LOCAL_GPUS, "GPU indices by comma, each once, or none,");
    }

    private LocalSettings.Oversize oversize() {
        return switch (all.text(Setting.LOCAL_OVERSIZE)) {
            case "clamp" -> LocalSettings.Oversize.CLAMP;
            case "refuse" -> LocalSettings.Oversize.REFUSE;
            default -> throw all.nonsense(Setting.LOCAL_OVERSIZE, "clamp or refuse");
        };
    }
}
