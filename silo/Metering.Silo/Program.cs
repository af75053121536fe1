namespace Metering.Silo;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        try
        {
            if (args is [Restore.Command, ..])
            {
                await Restore.RunAsync(args);
                return 0;
            }

            using var silo = SiloProcess.Build(args);
            await silo.RunSiloAsync();
            return 0;
        }
        catch (Exception failure) when (SiloProcess.IsOperatorsToMend(failure, out var line))
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }
}
