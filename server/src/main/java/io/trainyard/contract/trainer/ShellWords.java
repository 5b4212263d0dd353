package io.trainyard.contract.trainer;

import java.util.ArrayList;
import java.util.List;

/** Splits a command as a POSIX shell would, without running one: quotes and backslashes only, nothing is expanded. */
final class ShellWords {
    private ShellWords() {}

    /** @throws IllegalArgumentException with the text of the first implementation, for what a shell would wait to see closed */
    static List<String> split(String line) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        int i = 0;
        while (i < line.length()) {
            char each = line.charAt(i++);
            if (isBlank(each)) {
                if (inWord) words.add(word.toString());
                word.setLength(0);
                inWord = false;
                continue;
            }
            inWord = true;
            if (each == '\'') i = single(line, i, word);
            else if (each == '"') i = doubled(line, i, word);
            else if (each != '\\') word.append(each);
            else if (i < line.length()) word.append(line.charAt(i++));
            else throw new IllegalArgumentException("No escaped character");
        }
        if (inWord) words.add(word.toString());
        return words;
    }

    private static boolean isBlank(char each) {
        return each == ' ' || each == '\t' || each == '\n' || each == '\r';
    }

    private static int single(String line, int start, StringBuilder word) {
        int end = line.indexOf('\'', start);
        if (end < 0) throw new IllegalArgumentException("No closing quotation");
        word.append(line, start, end);
        return end + 1;
    }

    private static int doubled(String line, int start, StringBuilder word) {
        int i = start;
        while (i < line.length()) {
            char each = line.charAt(i++);
            if (each == '"') return i;
            boolean escapes = each == '\\' && i < line.length() && "\"\\".indexOf(line.charAt(i)) >= 0;
            word.append(escapes ? line.charAt(i++) : each);
        }
        throw new IllegalArgumentException("No closing quotation");
    }
}
