using System.Net.Sockets;

namespace Metering.Contracts.Settings;

/// <summary>A start that failed, as it is told to whoever started the process: one line for what they can mend, and everything for what they cannot.</summary>
public static class FailedStart
{
    /// <summary>Whether it is for an operator to mend: a setting or a port, for every process, and what its parts know besides.</summary>
    /// <param name="failure">What the start threw.</param>
    /// <param name="isOthers">Whether a cause is one of those that only this process knows: of its stores, say.</param>
    /// <param name="line">What is wrong, in one line; empty when it is not for them.</param>
    public static bool IsOperatorsToMend(Exception failure, Predicate<Exception> isOthers, out string line)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is SettingsException or IOException { InnerException: SocketException or { InnerException: SocketException } } || isOthers(cause))
            {
                line = $"Metering did not start: {cause.Message.ReplaceLineEndings(" ")}";
                return true;
            }
        }

        line = "";
        return false;
    }
}
