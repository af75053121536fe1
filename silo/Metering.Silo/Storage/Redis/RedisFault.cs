using System.Net;
using Metering.Grains.Journal;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>Says in an operator's words, in one line, what went wrong with Redis.</summary>
internal static class RedisFault
{
    public static JournalStoreException From(Exception exception, string addresses) => new(Describe(exception, addresses), exception);

    public static string Address(EndPoint? server) => server switch
    {
        DnsEndPoint name => $"{name.Host}:{name.Port}",
        null => "?",
        _ => server.ToString() ?? "?",
    };

    private static string Describe(Exception exception, string addresses) => exception switch
    {
        RedisServerException server when server.Message.Contains("OOM", StringComparison.Ordinal) =>
            $"Redis {addresses} has no memory left (maxmemory): nothing more can be stored until there is.",
        RedisServerException server when server.Message.StartsWith("MISCONF", StringComparison.Ordinal) =>
            $"Redis {addresses} cannot write to its disk, and takes nothing more.",
        RedisServerException server => $"Redis {addresses} refused: {FirstLine(server)}",
        RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } failure =>
            $"Redis {addresses} cannot be reached: user, password or certificate do not fit. {FirstLine(failure)}",
        RedisConnectionException failure => $"Redis {addresses} cannot be reached: {FirstLine(failure)}",
        TimeoutException => $"Redis {addresses} did not answer in time.",
        ObjectDisposedException => $"Redis {addresses} is not connected any more: the silo is stopping.",
        _ => $"Redis {addresses} failed: {FirstLine(exception)}",
    };

    private static string FirstLine(Exception exception) => exception.Message.Split('\n')[0].Trim();
}
