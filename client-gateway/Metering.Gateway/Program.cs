namespace Metering.Gateway;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        try
        {
            await using var app = GatewayProcess.Build(args);
            await app.RunGatewayAsync();
            return 0;
        }
        catch (Exception failure) when (GatewayProcess.IsOperatorsToMend(failure, out var line))
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }
}
