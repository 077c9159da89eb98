/* Callbacks: functions of the caller, whose exceptions end the call and are rethrown by it. */
#ifndef GMM_CALLBACKS_HPP
#define GMM_CALLBACKS_HPP

#include "base.hpp"

#ifndef GMM_NO_EXCEPTIONS
#include <exception>
#endif

namespace gmm {
namespace detail {

/** Keeps the first exception of a callback until the C call has returned, since it must not pass through C. */
class guarded {
public:
    template <class Body, class Result>
    Result operator()(Result failed, Body &&body) noexcept
    {
#ifdef GMM_NO_EXCEPTIONS
        static_cast<void>(failed);
        return body();
#else
        try {
            return body();
        } catch (...) {
            if (!thrown_) {
                thrown_ = std::current_exception();
            }
            return failed;
        }
#endif
    }

    bool has_thrown() const noexcept
    {
#ifdef GMM_NO_EXCEPTIONS
        return false;
#else
        return thrown_ != nullptr;
#endif
    }

    void rethrow() const
    {
#ifndef GMM_NO_EXCEPTIONS
        if (thrown_) {
            std::rethrow_exception(thrown_);
        }
#endif
    }

private:
#ifndef GMM_NO_EXCEPTIONS
    std::exception_ptr thrown_;
#endif
};

/** Whether `Progress` can be called with a progress report. */
template <class Progress>
constexpr void require_progress()
{
    constexpr bool is_invocable = std::is_invocable_v<Progress &, const gmm_progress &>;
    static_assert(is_invocable, "gmm: progress is called with a const gmm_progress &");
    if constexpr (is_invocable) {
        using result = std::invoke_result_t<Progress &, const gmm_progress &>;
        static_assert(std::is_void_v<result> || std::is_constructible_v<bool, result>,
                      "gmm: progress returns nothing, or whether the fit is to go on");
    }
}

/** A progress function behind a C callback. If the function returns nothing, the fit goes on. */
template <class Progress>
struct watched {
    Progress &progress;
    guarded &guard;

    static std::int32_t call(void *self, const gmm_progress *step)
    {
        auto &watch = *static_cast<watched *>(self);
        return watch.guard(std::int32_t{1}, [&]() -> std::int32_t {
            if constexpr (std::is_void_v<std::invoke_result_t<Progress &, const gmm_progress &>>) {
                watch.progress(*step);
                return 0;
            } else {
                return static_cast<bool>(watch.progress(*step)) ? 0 : 1;
            }
        });
    }
};

}  // namespace detail

/** A function called with a level (GMM_LOG_*) and a line of text, or none. Copies share it. */
class log_function {
public:
    log_function() = default;
    log_function(std::nullptr_t) {}
    /* A move is a copy, so that a function that was moved from can still be called. */
    log_function(const log_function &) = default;
    log_function &operator=(const log_function &) = default;

    template <class Function, class Plain = std::decay_t<Function>,
              class = std::enable_if_t<!std::is_same_v<Plain, log_function> && !std::is_same_v<Plain, std::nullptr_t>>>
    log_function(Function &&function)
    {
        static_assert(std::is_invocable_v<Plain &, gmm_log_level, const char *>,
                      "gmm: a log is called with a gmm_log_level and a const char *");
        function_ = std::make_shared<Plain>(std::forward<Function>(function));
        call_ = [](void *of, gmm_log_level level, const char *line) { (*static_cast<Plain *>(of))(level, line); };
    }

    explicit operator bool() const noexcept { return call_ != nullptr; }
    void operator()(gmm_log_level level, const char *line) const { call_(function_.get(), level, line); }

private:
    std::shared_ptr<void> function_;
    void (*call_)(void *, gmm_log_level, const char *) = nullptr;
};

namespace detail {

/** A log function behind a C callback. After its first exception it is not called again. */
struct logged {
    const log_function &log;
    guarded &guard;
    /** A token that is requested when the log throws, so that the call ends early. */
    const gmm_cancel *ends;

    static void call(void *self, gmm_log_level level, const char *line)
    {
        auto &own = *static_cast<logged *>(self);
        if (own.guard.has_thrown()) {
            return;
        }
        own.guard(0, [&] {
            own.log(level, line);
            return 0;
        });
        if (own.guard.has_thrown()) {
            gmm_cancel_request(own.ends);
        }
    }
};

}  // namespace detail
}  // namespace gmm

#endif
