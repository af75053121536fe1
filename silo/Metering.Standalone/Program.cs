using Metering.Standalone;

try
{
    if (args is [Backup.Command, ..])
    {
        return await Backup.RunAsync(args, CancellationToken.None);
    }

    await using var app = StandaloneHost.Build(args);
    await app.RunStandaloneAsync();
    return 0;
}
catch (Exception failure) when (StandaloneHost.IsOperatorsToMend(failure, out var line))
{
    await Console.Error.WriteLineAsync(line);
    return 1;
}
