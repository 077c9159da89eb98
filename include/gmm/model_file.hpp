/* Metadata in model files: names of the features, and text of the caller. */
#ifndef GMM_MODEL_FILE_HPP
#define GMM_MODEL_FILE_HPP

#include "mixture.hpp"

#include <map>

namespace gmm {

/** Text by its key, all UTF-8. */
using metadata = std::map<std::string, std::string>;

namespace detail {

/** A string with a NUL inside would be cut there by C, so it is refused. */
inline const char *c_string(const std::string &text, const char *name)
{
    if (text.find('\0') != std::string::npos) {
        refuse(GMM_INVALID_ARGUMENT, std::string("a ") + name + " has a NUL in it; leave that out");
    }
    return text.c_str();
}

/** The text that `read(out, capacity, len)` writes. */
template <class Read>
std::string text_of(Read &&read)
{
    std::size_t len = 0;
    throw_unless_ok(read(nullptr, std::size_t{0}, &len));
    std::string text(len + 1, '\0');
    throw_unless_ok(read(&text[0], text.size(), &len));
    text.resize(len);
    return text;
}

/** A list of strings in JSON. */
inline std::string json_list(const std::vector<std::string> &texts)
{
    const char *const digits = "0123456789abcdef";
    std::string json = "[";
    for (const std::string &text : texts) {
        json += json.size() > 1 ? ",\"" : "\"";
        for (const char letter : text) {
            const unsigned char code = static_cast<unsigned char>(letter);
            if (letter == '"' || letter == '\\') {
                json += '\\';
            }
            if (code < 0x20) {
                json += "\\u00";
                json += digits[code >> 4];
                json += digits[code & 15];
            } else {
                json += letter;
            }
        }
        json += '"';
    }
    return json + "]";
}

/** Reads any JSON list of strings, such as those of `json_list`. */
class json_reader {
public:
    explicit json_reader(const std::string &json) : json_(json) {}

    std::vector<std::string> list()
    {
        std::vector<std::string> texts;
        expect('[');
        if (peek() != ']') {
            do {
                texts.push_back(text());
            } while (skip(','));
        }
        expect(']');
        return texts;
    }

private:
    char peek()
    {
        at_ = json_.find_first_not_of(" \t\r\n", at_);
        at_ = at_ == std::string::npos ? json_.size() : at_;
        return at_ < json_.size() ? json_[at_] : '\0';
    }

    bool skip(char letter)
    {
        const bool is_there = peek() == letter;
        at_ += is_there;
        return is_there;
    }

    void expect(char letter)
    {
        if (!skip(letter)) {
            refuse(GMM_BAD_FILE, "feature_names is not a list of strings: " + json_);
        }
    }

    char next()
    {
        if (at_ >= json_.size()) {
            expect('"');
        }
        return json_[at_++];
    }

    unsigned long code()
    {
        unsigned long value = 0;
        for (int digit = 0; digit < 4; digit++) {
            const char letter = next();
            const std::size_t worth = std::string("0123456789abcdefABCDEF").find(letter);
            if (worth == std::string::npos) {
                refuse(GMM_BAD_FILE, "feature_names has a bad escape: " + json_);
            }
            value = value * 16 + static_cast<unsigned long>(worth < 16 ? worth : worth - 6);
        }
        return value;
    }

    std::string text()
    {
        std::string out;
        expect('"');
        for (char letter = next(); letter != '"'; letter = next()) {
            if (letter != '\\') {
                out += letter;
                continue;
            }
            letter = next();
            const std::size_t which = std::string("bfnrt").find(letter);
            if (letter == 'u') {
                unsigned long point = code();
                if (point >= 0xd800 && point < 0xdc00 && next() == '\\' && next() == 'u') {
                    point = 0x10000 + ((point - 0xd800) << 10) + (code() & 0x3ff);
                }
                append(out, point);
            } else {
                out += which == std::string::npos ? letter : "\b\f\n\r\t"[which];
            }
        }
        return out;
    }

    static void append(std::string &out, unsigned long point)
    {
        const auto add = [&](unsigned long byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (point < 0x80) {
            add(point);
        } else if (point < 0x800) {
            add(0xc0 | point >> 6), add(0x80 | (point & 0x3f));
        } else if (point < 0x10000) {
            add(0xe0 | point >> 12), add(0x80 | (point >> 6 & 0x3f)), add(0x80 | (point & 0x3f));
        } else {
            add(0xf0 | point >> 18), add(0x80 | (point >> 12 & 0x3f));
            add(0x80 | (point >> 6 & 0x3f)), add(0x80 | (point & 0x3f));
        }
    }

    const std::string &json_;
    std::size_t at_ = 0;
};

}  // namespace detail

/** Writes a mixture with metadata. Keys must not be empty or `gmm`; `feature_names` is reserved for a list of names. */
inline void save(const mixture &model, const std::string &file, const metadata &text)
{
    std::vector<const char *> keys, values;
    for (const auto &pair : text) {
        keys.push_back(detail::c_string(pair.first, "key"));
        values.push_back(detail::c_string(pair.second, "value"));
    }
    detail::throw_unless_ok(gmm_mixture_save_with_metadata(model.c(), keys.data(), values.data(), keys.size(),
                                                           detail::c_string(file, "path")));
}

/** Writes a mixture with the names of its features, which the program `gmm` and Python's classes read. */
inline void save(const mixture &model, const std::string &file, const std::vector<std::string> &feature_names,
                 metadata text = metadata())
{
    text["feature_names"] = detail::json_list(feature_names);
    save(model, file, text);
}

/** All metadata of a model file, except the key `gmm` with the file's format. */
inline metadata load_metadata(const std::string &file)
{
    const char *const path = detail::c_string(file, "path");
    const std::string keys = detail::text_of([&](char *out, std::size_t capacity, std::size_t *len) {
        return gmm_model_metadata_keys(path, out, capacity, len);
    });
    metadata text;
    for (std::size_t at = 0; at < keys.size();) {
        const std::string key(&keys[at]);
        at += key.size() + 1;
        if (key != "gmm") {
            text[key] = detail::text_of([&](char *out, std::size_t capacity, std::size_t *len) {
                return gmm_model_metadata(path, key.c_str(), out, capacity, len);
            });
        }
    }
    return text;
}

/** The names of the features in a model file; empty if there are none. */
inline std::vector<std::string> load_feature_names(const std::string &file)
{
    const metadata text = load_metadata(file);
    const auto names = text.find("feature_names");
    return names == text.end() ? std::vector<std::string>() : detail::json_reader(names->second).list();
}

}  // namespace gmm

#endif
