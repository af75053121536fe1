using System.Globalization;

namespace Metering.Grains.Tests.Journal.Simulation;

public sealed class SimulationTests
{
    private const string SeedVariable = "METERING_SIMULATION_SEED";
    private const string CountVariable = "METERING_SIMULATION_SEEDS";
    private const int Seeds = 400;

    [Fact]
    public void Whatever_fails_all_that_was_acknowledged_is_recovered_once_and_in_order()
    {
        var only = Number(SeedVariable);
        var (first, count) = only is { } seed ? (seed, 1) : (1, Number(CountVariable) ?? Seeds);
        var (acknowledged, records, trimmed) = (0L, 0L, 0L);
        for (var number = first; number < first + count; number++)
        {
            var simulation = new Simulation(number);
            try
            {
                simulation.Run();
            }
            catch (Exception fault)
            {
                Assert.Fail($"Seed {number}: {fault}\nRepeat with: {SeedVariable}={number} dotnet run --project tests/Metering.Grains.Tests -- -class {typeof(SimulationTests).FullName}");
            }

            (acknowledged, records, trimmed) = (acknowledged + simulation.Acknowledged, records + simulation.Records, trimmed + simulation.Trimmed);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seeds {first} to {first + count - 1}: {acknowledged} charges acknowledged, {records} records written, {trimmed} trimmed.");

        // A simulation in which nothing gets through proves nothing.
        Assert.True(acknowledged > 20L * count, $"Only {acknowledged} charges were acknowledged in {count} histories.");
        Assert.True(only is not null || trimmed > 0, "No log was ever trimmed.");
    }

    [Fact]
    public void Same_seed_lives_the_same_history()
    {
        var (first, second) = (new Simulation(7), new Simulation(7));
        first.Run();
        second.Run();
        Assert.Equal((first.Acknowledged, first.Records, first.Trimmed), (second.Acknowledged, second.Records, second.Trimmed));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
