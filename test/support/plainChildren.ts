/** What loads TypeScript into the workers of the tests is not for the processes that they start: Node runs those as they are. */
delete process.env.NODE_OPTIONS
